import { describe, expect, it } from 'vitest';
import { flowOf } from '../../src/match/bpf/flow.js';
import { readCall } from '../../src/match/bpf/line.js';

/** As Debian's 0.17 prints it on 6.1, but for the name. */
const line = (comm: string, kind = 2): string =>
  `1 4 ${kind} 730729577266 241 1000 1001 716159577266 240 4294967295 4194560 1000 17 0 0 0 0 0 109090a 0 0 0 44345 53 5 ${comm}`;
const padded = (shown: string, length: number): string => shown + '\\x00'.repeat(16 - length);

describe('readCall', () => {
  it('reads a line', () => {
    expect(readCall(line(padded('perl', 4)))).toMatchObject({
      tag: 1,
      family: 'ipv4',
      kind: 'udp',
      kernelMs: 730729.577266,
      pid: 241,
      uid: 1000,
      gid: 1001,
      startTime: 71615,
      ppid: 240,
      isKernel: false,
      protocol: 17,
      sport: 44345,
      dport: 53,
      bytes: 5,
      comm: 'perl',
    });
  });

  it.each([
    ['a quotation mark and what would be JSON', padded('","pid":1', 9), '","pid":1'],
    ['spaces', padded('a b 1 2', 7), 'a b 1 2'],
    ['control characters', padded('a\\x0a\\x1b[1m', 6), 'a\n\x1b[1m'],
    ['UTF-8', padded('\\xc3\\xa9', 2), 'é'],
    ['a backslash', padded('a\\b', 3), 'a\\b'],
    ['a NUL, after which is nothing of it', 'ab\\x00cdefghijklmno', 'ab'],
  ])('reads a name with %s', (_, shown, comm) => {
    expect(readCall(line(shown))?.comm).toBe(comm);
  });

  it('does not guess at a name that looks like an escape', () => {
    expect(readCall(line(padded('\\x41', 4)))?.comm).toBeUndefined();
  });

  it.each(['', 'Attaching 3 probes...', '1 2 3', `x${line('perl')}`, line('perl', 9)])(
    'takes nothing else: %s',
    text => {
      expect(readCall(text)).toBeUndefined();
    },
  );
});

describe('flowOf', () => {
  it('tells of one packet', () => {
    const call = readCall(line(padded('perl', 4)))!;
    expect(flowOf(call, Buffer.from([10, 9, 9, 2]), 'eth0')).toEqual({
      family: 'ipv4',
      protocol: 'udp',
      src: { address: '10.9.9.2', port: 44345 },
      dst: { address: '10.9.9.1', port: 53 },
      oif: 'eth0',
      uid: 1000,
      gid: 1001,
      length: 33,
    });
  });
});
