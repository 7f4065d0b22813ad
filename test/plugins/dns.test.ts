import { encode, streamEncode, type Packet } from 'dns-packet';
import { dns } from 'ptrap/plugins';
import { describe, expect, it } from 'vitest';
import { questionsOf } from '../../plugins/dns/questions.js';
import type { Sighting } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';
import { hostile, recorded } from './hostile.js';

const query = (...questions: NonNullable<Packet['questions']>): Packet => ({
  type: 'query',
  id: 7,
  questions,
});
const a = (name: string) => ({ name, type: 'A' as const });

/** A message with these bytes for its questions. */
function raw(count: number, ...bytes: number[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(count, 4);
  return Buffer.concat([header, Buffer.from(bytes)]);
}
const A_IN = [0, 1, 0, 1];

async function noting(options?: Parameters<typeof dns>[0]) {
  const { host, failures, logged } = await open(dns(options));
  const note = async (payload: Uint8Array | undefined, flow: Partial<Sighting['flow']> = {}) => {
    const sighting = sightingOf(1, dig);
    const enriched = await host.enrich({ ...sighting, flow: { ...sighting.flow, ...flow } }, payload);
    return enriched.notes['dns'];
  };
  return { note, failures, logged };
}

describe('the questions of a packet', () => {
  it.each([
    ['query-node-aaaa', 'udp', { name: 'www.example.org', type: 'AAAA' }],
    ['query-node-srv', 'udp', { name: '_imaps._tcp.example.org', type: 'SRV' }],
    ['query-dig-https', 'udp', { name: 'example.org', type: 'HTTPS' }],
    ['query-dig-tcp-mx', 'tcp', { name: 'example.org', type: 'MX' }],
  ])('that was recorded: %s', (name, protocol, question) => {
    expect(questionsOf(recorded(name), protocol)).toEqual([question]);
    expect(questionsOf(recorded(name), protocol === 'tcp' ? 'udp' : 'tcp')).toEqual([]);
  });

  it('are several where it asks several', () => {
    const names = ['a.example', 'b.example'];
    expect(questionsOf(encode(query(...names.map(a))), 'udp').map(({ name }) => name)).toEqual(names);
  });

  it('are those of every message that a tcp segment holds whole', () => {
    const [first, second] = ['one.example', 'two.example'].map(name => streamEncode(query(a(name))));
    const both = Buffer.concat([first!, second!]);
    expect(questionsOf(both, 'tcp').map(({ name }) => name)).toEqual(['one.example', 'two.example']);
    expect(questionsOf(both.subarray(0, -1), 'tcp').map(({ name }) => name)).toEqual(['one.example']);
    expect(questionsOf(first!.subarray(0, -1), 'tcp')).toEqual([]);
    expect(questionsOf(Buffer.alloc(2048), 'tcp')).toEqual([]);
  });

  it('may be of the root, or of a type without a name', () => {
    expect(questionsOf(raw(1, 0, 0, 2, 0, 1), 'udp')).toEqual([{ name: '.', type: 'NS' }]);
    expect(questionsOf(raw(1, 1, 0x61, 0, 0x12, 0x34, 0, 1), 'udp')).toEqual([
      { name: 'a', type: 'TYPE4660' },
    ]);
  });

  it('are none in an answer, an update or a notification', () => {
    for (const flags of [0x80, 0x20, 0x28]) {
      const message = encode(query(a('example.org')));
      message[2] = flags;
      expect(questionsOf(message, 'udp')).toEqual([]);
    }
  });

  it('are 8 at most, whatever the message says', () => {
    const many = encode(query(...Array.from({ length: 100 }, (_, number) => a(`${number}.example`))));
    expect(questionsOf(many, 'udp').map(({ name }) => name)).toHaveLength(8);
    const stream = Buffer.concat(Array.from({ length: 20 }, () => streamEncode(query(a('x.example')))));
    expect(questionsOf(stream, 'tcp')).toHaveLength(8);
    expect(questionsOf(raw(65_535, 1, 0x61, 0, ...A_IN), 'udp')).toEqual([]);
  });

  it('are read whatever is wrong with what follows them', () => {
    const message = encode(query(a('example.org')));
    message.fill(0xff, 6, 12);
    expect(questionsOf(message, 'udp')).toEqual([{ name: 'example.org', type: 'A' }]);
  });
});

describe('a hostile packet', () => {
  const longest = [63, 63, 63, 61].flatMap(length => [length, ...Array<number>(length).fill(0x61)]);

  it.each<[string, Buffer]>([
    ['is empty', Buffer.alloc(0)],
    ['is only a header', raw(1)],
    ['asks nothing', raw(0, 1, 0x61, 0, ...A_IN)],
    ['has a label that is longer than the packet', raw(1, 60, 0x61, 0, ...A_IN)],
    ['has a label of a kind that is none', raw(1, 0x41, 0x61, 0, ...A_IN)],
    ['has a name without an end', raw(1, 1, 0x61)],
    ['is cut within the type', raw(1, 1, 0x61, 0, 0)],
    ['points at itself', raw(1, 0xc0, 12, ...A_IN)],
    ['points at what points back', raw(1, 0xc0, 14, 0xc0, 12, ...A_IN)],
    ['points behind its end', raw(1, 0xff, 0xff, ...A_IN)],
    ['points at its own label', raw(1, 1, 0x61, 0xc0, 12, ...A_IN)],
    ['has half a pointer', raw(1, 0xc0)],
    ['has a name that is too long', raw(1, ...longest, 1, 0x61, 0, ...A_IN)],
  ])('that %s gives no question', (_what, message) => {
    expect(questionsOf(message, 'udp')).toEqual([]);
    expect(questionsOf(Buffer.concat([Buffer.from([0, message.length]), message]), 'tcp')).toEqual([]);
  });

  it('may have a name as long as names may be, and one that points at it', () => {
    const [first, second] = questionsOf(raw(2, ...longest, 0, ...A_IN, 0xc0, 12, ...A_IN), 'udp');
    expect(first?.name).toHaveLength(253);
    expect(second).toEqual(first);
  });

  it('never makes it throw or tell more than it may', () => {
    const samples = ['query-node-aaaa', 'query-node-srv', 'query-dig-https', 'query-dig-tcp-mx'].map(
      recorded,
    );
    samples.push(
      encode(query(a('a.example'), a('b.example'))),
      raw(2, 1, 0x61, 0, ...A_IN, 0xc0, 12, ...A_IN),
    );
    let read = 0;
    for (const payload of hostile(samples, 50_000)) {
      for (const protocol of ['udp', 'tcp']) {
        const questions = questionsOf(payload, protocol);
        read += questions.length;
        if (questions.length > 8 || questions.some(({ name }) => name.length === 0 || name.length > 254)) {
          expect.unreachable(payload.toString('hex'));
        }
      }
    }
    expect(read).toBeGreaterThan(5_000); // they are not all turned away at the door
  });
});

describe('dns', () => {
  const aaaa = recorded('query-node-aaaa');

  it('notes what is asked for', async () => {
    const { note, failures } = await noting();
    expect(await note(aaaa)).toEqual({
      questions: [{ name: 'www.example.org', type: 'AAAA' }],
      text: 'www.example.org AAAA',
    });
    expect(await note(recorded('query-dig-tcp-mx'), { protocol: 'tcp' })).toMatchObject({
      text: 'example.org MX',
    });
    expect(failures).toEqual([]);
  });

  it('notes nothing where nothing is asked, or on another port or protocol', async () => {
    const { note, logged } = await noting();
    expect(await note(Buffer.from('hello, world, how are you'))).toBeUndefined();
    expect(await note(new Uint8Array())).toBeUndefined();
    expect(await note(aaaa, { dst: { address: '192.168.1.1', port: 5353 } })).toBeUndefined();
    expect(await note(aaaa, { dst: { address: '192.168.1.1' } })).toBeUndefined();
    expect(await note(aaaa, { protocol: 'sctp' })).toBeUndefined();
    expect(logged).toEqual([]);
  });

  it('listens on the ports that it is given', async () => {
    const { note } = await noting({ ports: [5353] });
    expect(await note(aaaa)).toBeUndefined();
    expect(await note(aaaa, { dst: { address: '224.0.0.251', port: 5353 } })).toMatchObject({
      text: 'www.example.org AAAA',
    });
    expect(() => dns({ ports: [0] })).toThrow('ports');
    expect(() => dns({ ports: [] })).toThrow('ports');
  });

  it('says once that the source shows nothing', async () => {
    const { note, logged, failures } = await noting();
    for (let times = 0; times < 3; times += 1) expect(await note(undefined)).toBeUndefined();
    expect(logged).toEqual([
      'dns: this source does not show what packets carry: use --source nflog or queue',
    ]);
    expect(failures).toEqual([]);
  });

  it('is not disabled by hostile packets', async () => {
    const { note, failures } = await noting();
    for (const payload of hostile([aaaa], 300)) await note(payload);
    expect(failures).toEqual([]);
    expect(await note(aaaa)).toMatchObject({ text: 'www.example.org AAAA' });
  });
});
