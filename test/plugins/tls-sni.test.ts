import { tlsSni } from 'ptrap/plugins';
import { describe, expect, it } from 'vitest';
import { readClientHello } from '../../plugins/tls-sni/hello.js';
import type { Flow } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';
import { hostile, recorded } from './hostile.js';

const node = recorded('hello-node');

/** A vector: its bytes after their length in `size` bytes. */
function vector(size: number, ...parts: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(bytes.length, 0, size);
  return Buffer.concat([length, bytes]);
}

const bytes = (...numbers: number[]): Buffer => Buffer.from(numbers);
const extension = (type: number, data: Uint8Array): Buffer =>
  Buffer.concat([bytes(0, type), vector(2, data)]);
const named = (name: string, type = 0): Buffer =>
  extension(0, vector(2, bytes(type), vector(2, Buffer.from(name, 'latin1'))));
const offering = (...names: string[]): Buffer =>
  extension(16, vector(2, ...names.map(name => vector(1, Buffer.from(name)))));

/** A handshake message with these extensions. */
function message(...extensions: Uint8Array[]): Buffer {
  const body = [
    Buffer.alloc(34),
    vector(1),
    vector(2, bytes(0x13, 1)),
    vector(1, bytes(0)),
    vector(2, ...extensions),
  ];
  return Buffer.concat([bytes(1), vector(3, ...body)]);
}

const record = (part: Uint8Array): Buffer => Buffer.concat([bytes(22, 3, 1), vector(2, part)]);
const hello = (...extensions: Uint8Array[]): Buffer => record(message(...extensions));

describe('the ClientHello of a segment', () => {
  it.each([
    ['hello-node', { serverName: 'api.example.org', alpn: ['h2', 'http/1.1'] }],
    ['hello-curl', { serverName: 'www.example.org', alpn: ['h2', 'http/1.1'] }],
    ['hello-openssl', { serverName: 'mail.example.org' }],
    ['hello-node-without-name', undefined],
  ])('that was recorded: %s', (name, expected) => {
    expect(readClientHello(recorded(name))).toEqual(expected);
  });

  it('names the server as soon as its name is there, and nothing shorter', () => {
    const end = node.indexOf('api.example.org') + 'api.example.org'.length;
    for (let length = 0; length <= node.length; length += 1) {
      const found = readClientHello(node.subarray(0, length));
      expect(found?.serverName).toBe(length < end ? undefined : 'api.example.org');
      if (found?.alpn) expect(found.alpn).toEqual(['h2', 'http/1.1']);
    }
  });

  it('may be split among records, and others may follow', () => {
    const whole = message(named('split.example'));
    const pieces = [whole.subarray(0, 2), whole.subarray(2, 50), whole.subarray(50)].map(record);
    const other = bytes(20, 3, 3, 0, 1, 1);
    expect(readClientHello(Buffer.concat([...pieces, other]))).toEqual({ serverName: 'split.example' });
    expect(readClientHello(Buffer.concat([pieces[0]!, other, ...pieces.slice(1)]))).toBeUndefined();
  });

  it('has the first name and the first list of protocols', () => {
    const extensions = [extension(10, bytes(1, 2)), offering('h2'), named('first.example')];
    const again = [named('second.example'), offering('http/1.1')];
    expect(readClientHello(hello(...extensions, ...again))).toEqual({
      serverName: 'first.example',
      alpn: ['h2'],
    });
  });

  it('keeps every byte of a name that is no ASCII', () => {
    expect(readClientHello(hello(named('b\u00fccher\u0000\u001b.example')))?.serverName).toBe(
      'b\u00fccher\u0000\u001b.example',
    );
  });
});

describe('a hostile segment', () => {
  const lying = (at: number, value: number): Buffer => {
    const changed = hello(named('lie.example'), offering('h2'));
    changed[at] = value;
    return changed;
  };
  it.each<[string, Uint8Array]>([
    ['is empty', new Uint8Array()],
    ['is no handshake', lying(0, 23)],
    ['is no TLS', lying(1, 2)],
    ['is no ClientHello', lying(5, 2)],
    ['has no room for its session', lying(5 + 4 + 34, 255)],
    ['has no extensions', hello()],
    ['has an empty name', hello(named(''))],
    ['has a name that is too long', hello(named('x'.repeat(256)))],
    ['has a name of another kind', hello(named('example.org', 1))],
    ['has a name longer than its list', hello(extension(0, bytes(0, 4, 0, 0, 9, 0x61)))],
    ['has a list longer than its extension', hello(extension(0, bytes(0, 9, 0, 0, 1, 0x61)))],
    ['has an extension longer than itself', record(message(bytes(0, 0, 0xff, 0xff, 0, 9, 0, 0, 1, 0x61)))],
  ])('that %s names no server', (_what, segment) => {
    expect(readClientHello(segment)).toBeUndefined();
  });

  it('with a list of protocols that lies has none', () => {
    const wrong = [
      extension(16, bytes(0, 3, 9, 0x68, 0x32)),
      extension(16, bytes(0, 1, 0)),
      extension(16, bytes()),
    ];
    for (const list of wrong) {
      expect(readClientHello(hello(named('example.org'), list))).toEqual({ serverName: 'example.org' });
    }
  });

  it('is looked at as far as 4096 bytes', () => {
    const filler = (length: number): Buffer => extension(21, Buffer.alloc(length));
    expect(readClientHello(hello(filler(3900), named('near.example')))?.serverName).toBe('near.example');
    expect(readClientHello(hello(filler(4100), named('far.example')))).toBeUndefined();
  });

  it('never makes it throw or tell more than it may', () => {
    const samples = ['hello-node', 'hello-curl', 'hello-openssl', 'hello-node-without-name'].map(recorded);
    samples.push(hello(named('short.example'), offering('h2')), hello(offering('a', 'b'), named('x')));
    let read = 0;
    for (const segment of hostile(samples, 50_000)) {
      const found = readClientHello(segment);
      if (!found) continue;
      read += 1;
      const { serverName, alpn = ['-'] } = found;
      const fits = serverName.length > 0 && serverName.length <= 255 && alpn.length > 0;
      if (!fits || JSON.stringify(found).length > 30_000) expect.unreachable(segment.toString('hex'));
    }
    expect(read).toBeGreaterThan(5_000); // they are not all turned away at the door
  });
});

describe('tls-sni', () => {
  async function noting() {
    const { host, failures, logged } = await open(tlsSni());
    const note = async (payload: Uint8Array | undefined, flow: Partial<Flow> = {}) => {
      const sighting = sightingOf(1, dig);
      const tcp = { protocol: 'tcp', tcpFlags: ['ACK', 'PSH'] };
      const enriched = await host.enrich(
        { ...sighting, flow: { ...sighting.flow, ...tcp, ...flow } },
        payload,
      );
      return enriched.notes['tls-sni'];
    };
    return { note, failures, logged };
  }

  it('notes the server that a client asks for, on any port', async () => {
    const { note, failures, logged } = await noting();
    expect(await note(node, { dst: { address: '192.0.2.1', port: 8443 } })).toEqual({
      serverName: 'api.example.org',
      alpn: ['h2', 'http/1.1'],
      text: 'api.example.org',
    });
    expect(await note(recorded('hello-openssl'))).toEqual({
      serverName: 'mail.example.org',
      text: 'mail.example.org',
    });
    expect([failures, logged]).toEqual([[], []]);
  });

  it('notes nothing in anything else', async () => {
    const { note, failures, logged } = await noting();
    expect(await note(new Uint8Array())).toBeUndefined();
    expect(await note(Buffer.from('GET / HTTP/1.1\r\n'))).toBeUndefined();
    expect(await note(node, { protocol: 'udp' })).toBeUndefined();
    for (const segment of hostile([node], 300)) await note(segment);
    expect([failures, logged]).toEqual([[], []]);
  });

  it('says once that the source shows nothing, when there would be something', async () => {
    const { note, logged } = await noting();
    await note(undefined, { tcpFlags: ['SYN'] });
    expect(logged).toEqual([]);
    for (let times = 0; times < 3; times += 1) expect(await note(undefined)).toBeUndefined();
    expect(logged).toEqual([
      'tls-sni: this source does not show what packets carry: use --source nflog or queue',
    ]);
  });

  it('takes no options', () => {
    expect(() => tlsSni({ ports: [443] } as never)).toThrow('ports');
  });
});
