import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/events.js';
import { parseJournalLine } from '../../src/match/journal-entry.js';
import { parseLogLine } from '../../src/match/kernel-log.js';

const linesOf = (file: string): string[] =>
  readFileSync(new URL(`../fixtures/match/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');

const flowsOf = (lines: readonly string[], instance: string): Flow[] =>
  lines.flatMap(line => {
    const entry = parseJournalLine(line);
    return (entry && parseLogLine(entry.message, instance)?.flow) ?? [];
  });

const recorded = linesOf('journal-6.18.ndjson');
const flows = flowsOf(recorded, 'recrd1');

const lo = { oif: 'lo' };
const v4 = { family: 'ipv4', src: { address: '127.0.0.1' }, dst: { address: '127.0.0.1' }, ...lo };
const v6 = { family: 'ipv6', src: { address: '::1' }, dst: { address: '::1' }, ...lo };
const root = { uid: 0, gid: 0 };
const kernel = { uid: null, gid: null };

describe('parseLogLine on what a 6.18 kernel logged', () => {
  it('reads every packet', () => {
    expect(flows).toEqual([
      { ...v4, ...root, protocol: 'icmp', length: 84, icmp: { type: 8, code: 0, id: 16459 } },
      { ...v4, ...kernel, protocol: 'icmp', length: 84, icmp: { type: 0, code: 0, id: 16459 } },
      { ...v6, ...root, protocol: 'icmpv6', length: 104, icmp: { type: 128, code: 0, id: 16460 } },
      { ...v6, ...kernel, protocol: 'icmpv6', length: 104, icmp: { type: 129, code: 0, id: 16460 } },
      {
        ...v4,
        ...root,
        protocol: 'udp',
        src: { address: '127.0.0.1', port: 37106 },
        dst: { address: '127.0.0.1', port: 53 },
        length: 30,
      },
      // an error quotes the packet that it is about: those are not its own ports and lengths
      { ...v4, ...kernel, protocol: 'icmp', length: 58, icmp: { type: 3, code: 3 } },
      {
        ...v6,
        ...root,
        protocol: 'udp',
        src: { address: '::1', port: 38676 },
        dst: { address: '::1', port: 53 },
        length: 50,
      },
      { ...v6, ...kernel, protocol: 'icmpv6', length: 98, icmp: { type: 1, code: 4 } },
      {
        ...v4,
        ...root,
        protocol: 'tcp',
        src: { address: '127.0.0.1', port: 34092 },
        dst: { address: '127.0.0.1', port: 81 },
        length: 60,
        tcpFlags: ['SYN'],
      },
      {
        ...v4,
        ...kernel,
        protocol: 'tcp',
        src: { address: '127.0.0.1', port: 81 },
        dst: { address: '127.0.0.1', port: 34092 },
        length: 40,
        tcpFlags: ['ACK', 'RST'],
      },
      { ...v4, ...root, protocol: '253', length: 24 },
      { ...v4, ...root, protocol: 'sctp', length: 32 },
    ]);
  });

  it('passes over what logger, systemd-cat and a writer to /dev/kmsg said', () => {
    const others = recorded.filter(line => !line.includes('ptrap-recrd1-'));
    expect(others).toHaveLength(3);
    expect(others.map(line => (JSON.parse(line) as { _TRANSPORT: string })._TRANSPORT).sort()).toEqual([
      'kernel',
      'stdout',
      'syslog',
    ]);
    expect(others.map(parseJournalLine)).toEqual([undefined, undefined, undefined]);
  });
});

describe('parseLogLine on what a 6.1 kernel logged', () => {
  const lines = linesOf('journal-6.1.ndjson');
  const older = flowsOf(lines, 'k3v9qa');
  const some = (protocol: string): Flow[] => older.filter(flow => flow.protocol === protocol);

  it('reads every packet', () => {
    expect(older).toHaveLength(lines.length);
    expect(new Set(older.map(({ protocol }) => protocol))).toEqual(
      new Set(['udp', 'tcp', 'icmp', 'icmpv6', '253', 'sctp', 'udplite']),
    );
    for (const { protocol, src, dst } of older) {
      const ported = ['udp', 'tcp', 'udplite'].includes(protocol);
      expect([src.port, dst.port].every(port => (port === undefined) !== ported)).toBe(true);
    }
  });

  it('knows the sender of what a process sent, and nobody for what the kernel sent by itself', () => {
    expect(some('udp').every(({ uid }) => uid !== null)).toBe(true);
    expect(new Set(older.map(({ uid }) => uid))).toEqual(new Set([0, 1000, 65534, null]));
    const replies = some('icmp').filter(({ icmp }) => icmp?.type !== 8);
    expect(replies.map(({ uid }) => uid)).toEqual([null, null]);
  });

  it('takes the length of the packet, not of what is in it', () => {
    expect(some('udplite')[0]).toMatchObject({ length: 46, src: { port: 26725 }, dst: { port: 27756 } });
    expect(
      some('udp')
        .filter(({ length }) => length > 4000)
        .map(({ length }) => length),
    ).toEqual([4028, 4028, 4048, 4048]);
  });

  it('passes over look-alikes', () => {
    const lookalikes = linesOf('lookalike-6.1.ndjson');
    expect(lookalikes.length).toBeGreaterThan(0);
    expect(lookalikes.map(parseJournalLine).filter(Boolean)).toEqual([]);
  });
});

describe('parseLogLine', () => {
  const line =
    'IN= OUT=eth0 SRC=10.0.0.1 DST=10.0.0.2 LEN=30 TTL=64 ID=1 PROTO=UDP SPT=6 DPT=53 LEN=10 UID=0 GID=0 ';

  it('gives the tag of the rule', () => {
    expect(parseLogLine(`ptrap-abc123-7: ${line}`, 'abc123')?.tag).toBe('7');
    expect(parseLogLine(`ptrap-abc123-p: ${line}`, 'abc123')?.tag).toBe('p');
  });

  it.each([
    ['another instance', `ptrap-abc124-0: ${line}`],
    ['another prefix', `xptrap-abc123-0: ${line}`],
    ['no packet', 'ptrap-abc123-0: hello'],
    ['nothing', ''],
    ['no colon', `ptrap-abc123-0 ${line}`],
    ['no address', 'ptrap-abc123-0: IN= OUT=lo SRC= DST=1.2.3.4 PROTO=UDP'],
    ['a bad address', 'ptrap-abc123-0: IN= OUT=lo SRC=1.2.3.4.5 DST=1.2.3.4 PROTO=UDP'],
    ['no protocol', 'ptrap-abc123-0: IN= OUT=lo SRC=1.2.3.4 DST=1.2.3.4'],
    ['a bad protocol', 'ptrap-abc123-0: IN= OUT=lo SRC=1.2.3.4 DST=1.2.3.4 PROTO=__proto__'],
    ['only a quoted packet', 'ptrap-abc123-0: [SRC=1.2.3.4 DST=1.2.3.4 PROTO=UDP ]'],
  ])('gives nothing for %s', (_name, message) => {
    expect(parseLogLine(message, 'abc123')).toBeUndefined();
  });

  it('takes the first of each key, as the kernel writes the outer header first', () => {
    const twice = parseLogLine(`ptrap-abc123-0: ${line}SRC=6.6.6.6 DPT=66 UID=66`, 'abc123');
    expect(twice?.flow).toMatchObject({
      src: { address: '10.0.0.1', port: 6 },
      dst: { port: 53 },
      uid: 0,
      length: 30,
    });
  });

  it('knows what is forwarded by the device that it came in by', () => {
    const message =
      'ptrap-abc123-0: IN=box0 OUT=wan MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.66.0.2 DST=10.77.0.2 LEN=29 TTL=63 ID=1 PROTO=UDP SPT=7 DPT=53 LEN=9';
    expect(parseLogLine(message, 'abc123')?.flow).toMatchObject({ oif: 'wan', iif: 'box0', uid: null });
    expect(flows.every(flow => !('iif' in flow))).toBe(true);
  });

  it('survives numbers that are none', () => {
    const odd = parseLogLine(
      'ptrap-abc123-0: OUT=lo SRC=1.2.3.4 DST=1.2.3.4 LEN=x PROTO=UDP SPT=-1 DPT=1e9 UID= GID=9999999999999',
      'abc123',
    );
    expect(odd?.flow).toEqual({
      family: 'ipv4',
      protocol: 'udp',
      src: { address: '1.2.3.4' },
      dst: { address: '1.2.3.4' },
      oif: 'lo',
      uid: null,
      gid: null,
      length: 0,
    });
  });
});
