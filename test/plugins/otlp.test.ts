import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { otlp } from 'ptrap/plugins';
import { afterEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../../plugins/otlp/record.js';
import type { Sighting } from '../../src/events.js';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';
import { decodeLogs, type Decoded } from './otlp-logs.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A collector that answers with these codes, one after the other, and keeps what it was sent. */
async function collector(...codes: number[]) {
  const taken: Decoded[] = [];
  const answers: number[] = [];
  server = createServer((request, response) => {
    bodyOf(request).then(
      body => {
        const code = codes.shift() ?? 200;
        answers.push(code);
        if (code === 200) taken.push(...decodeLogs(body));
        response.writeHead(code, { 'content-type': 'application/x-protobuf' }).end();
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1/logs`, taken, answers };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function sending(options: Parameters<typeof otlp>[0], ...sightings: Sighting[]) {
  const opened = await open(otlp(options));
  const dispatch = openDispatch(opened.host.sinks);
  for (const sighting of sightings) dispatch.deliver(sighting);
  await dispatch.drain(5000);
  return { ...opened, end: () => opened.host[Symbol.asyncDispose]() };
}

describe('otlp', () => {
  it('sends sightings again that a collector did not take at first, as logs with the names of OpenTelemetry', async () => {
    const { url, taken, answers } = await collector(503);
    const { end, logged, failures } = await sending({ url, delayMs: 10 }, sightingOf(1, dig), sightingOf(2));
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(2);
    await end();
    expect(answers).toEqual([503, 200]);
    expect([logged, failures]).toEqual([[], []]);
    expect(taken[0]).toEqual({
      resource: {
        'service.name': 'ptrap',
        'service.instance.id': 'k3v9qa',
        'host.name': expect.any(String) as string,
      },
      scope: 'ptrap',
      eventName: 'ptrap.sighting',
      time: '2026-11-23T19:05:41.123456Z',
      severity: 9,
      body: 'dig[991] alice cron.service → 192.168.1.1:53/udp',
      attributes: {
        'source.address': '10.0.0.2',
        'source.port': 40001,
        'destination.address': '192.168.1.1',
        'destination.port': 53,
        'network.type': 'ipv4',
        'network.transport': 'udp',
        'network.interface.name': 'eth0',
        'ptrap.id': 'k3v9qa-1',
        'ptrap.target': '192.168.1.1:53/udp',
        'ptrap.count': 1,
        'ptrap.status': 'resolved',
        'ptrap.grade': 'exact',
        'process.pid': 991,
        'process.parent_pid': 990,
        'process.title': 'dig',
        'process.executable.path': '/usr/bin/dig',
        'process.executable.name': 'dig',
        'process.command_args': ['dig', 'example.org'],
        'process.working_directory': '/root',
        'process.user.id': 1000,
        'process.user.name': 'alice',
        'process.linux.cgroup': '/system.slice/cron.service',
        'ptrap.unit': 'cron.service',
      },
    });
    expect(taken[1]?.attributes).toMatchObject({ 'ptrap.status': 'unresolved', 'ptrap.reason': 'exited' });
  }, 20_000);

  it('sends what is left at the end, in batches, however hostile its names are', async () => {
    const { url, taken, answers } = await collector();
    const hostile = { ...dig, comm: '\u001b[2J\n\ud800', argv: ['\0', '$(id)', '\ufffd'], exe: null };
    const all = Array.from({ length: 90 }, (_, number) => sightingOf(number, hostile));
    const { end, logged, failures } = await sending(
      { url, delayMs: 60_000, headers: { 'x-token': 'secret' } },
      ...all,
    );
    expect(answers).toEqual([]);
    await end();
    expect(taken).toHaveLength(90);
    expect(answers).toEqual([200]);
    expect(taken[0]).toMatchObject({
      body: '\\x1b[2J\\x0a\ufffd[991] alice cron.service → 192.168.1.1:53/udp',
      attributes: { 'process.title': '\u001b[2J\n\ufffd', 'process.command_args': ['\0', '$(id)', '\ufffd'] },
    });
    expect([logged, failures]).toEqual([[], []]);
  }, 20_000);

  it('says what no collector took, and ends in time', async () => {
    const { url } = await collector(...Array<number>(99).fill(400));
    const { end, logged, failures } = await sending(
      { url, delayMs: 10 },
      sightingOf(1, dig),
      sightingOf(2, dig),
    );
    await expect.poll(() => logged.length, { timeout: 10_000 }).toBe(1);
    expect(logged[0]).toMatch(/^otlp: not taken by the collector: /);
    await end();
    expect(logged.slice(1)).toEqual(['otlp: 2 of 2 records were not taken by the collector']);

    const nobody = await sending({ url: 'http://127.0.0.1:9/v1/logs', delayMs: 10 }, sightingOf(1, dig));
    const start = performance.now();
    await nobody.end();
    expect(performance.now() - start).toBeLessThan(5000);
    expect(nobody.logged.at(-1)).toBe('otlp: 1 of 1 records were not taken by the collector');
    expect([...failures, ...nobody.failures]).toEqual([]);
  }, 30_000);

  it('refuses options that it does not know', () => {
    expect(() => otlp({ url: 'collector:4318' })).toThrow('url');
    expect(() => otlp({ delayMs: 0 })).toThrow('delayMs');
    expect(() => otlp({ uri: 'http://x' } as never)).toThrow('uri');
  });
});

describe('a record', () => {
  it('is one for each process that holds the socket', () => {
    const pids = recordsOf(sightingOf(1, dig, { ...dig, pid: 992 })).map(
      ({ attributes }) => attributes?.['process.pid'],
    );
    expect(pids).toEqual([991, 992]);
  });

  it('has no name of its own where the semantic conventions have one', () => {
    const known = new Set<unknown>(Object.values(incubating));
    const full = { ...dig, container: 'c0ffee', runtime: 'docker' as const, pod: 'p0d' };
    const [record] = recordsOf(sightingOf(1, full));
    const names = Object.keys(record!.attributes!).filter(name => !name.startsWith('ptrap.'));
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter(name => !known.has(name))).toEqual([]);
  });
});
