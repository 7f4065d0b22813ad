import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Call } from '../../src/match/audit/calls.js';
import { openWhereabouts, type Whereabouts } from '../../src/match/audit/whereabouts.js';
import type { Origin } from '../../src/match/source.js';

const [HERE, ELSEWHERE] = [4_026_531_840, 4_026_532_999];
const CLONE_NEWNET = 0x40000000;

const call = (pid: number, ppid: number, more: Partial<Call> = {}): Call => ({
  name: 'sendto',
  at: 0,
  pid,
  ppid,
  uid: 0,
  gid: 0,
  loginUid: null,
  exe: null,
  exit: 1,
  args: [3, 0, 1, 0],
  address: undefined,
  ...more,
});

const move = (pid: number): Call => call(pid, 1, { name: 'unshare', exit: 0, args: [CLONE_NEWNET, 0, 0, 0] });

/** Where those came from that have ended, as the process table saw it. */
const origins = new Map<number, Origin>();
let proc: string;
let whereabouts: Whereabouts;

/** Gives a process that lives its network namespace. */
function live(pid: number | 'self', netns: number): void {
  mkdirSync(join(proc, `${pid}`, 'ns'), { recursive: true });
  symlinkSync(`net:[${netns}]`, join(proc, `${pid}`, 'ns', 'net'));
}

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'ptrap-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  live('self', HERE);
  live(1, HERE);
  writeFileSync(join(proc, 'self', 'mountinfo'), '');
  origins.clear();
  whereabouts = openWhereabouts(proc, { originOf: ({ pid }) => origins.get(pid), madeBy: ({ at }) => at });
});

describe('isHere', () => {
  it('looks at who lives', () => {
    live(100, HERE);
    live(200, ELSEWHERE);
    expect(whereabouts.isHere(call(100, 200))).toBe(true);
    expect(whereabouts.isHere(call(200, 100))).toBe(false);
  });

  it('is sure of who has ended only where there is no other network namespace', () => {
    expect(whereabouts.isHere(call(100, 99))).toBe(true);
    live(200, ELSEWHERE);
    whereabouts = openWhereabouts(proc, { originOf: () => undefined, madeBy: ({ at }) => at });
    expect(whereabouts.isHere(call(100, 99))).toBeUndefined();
  });
});

describe('wasHere', () => {
  beforeEach(() => live(200, ELSEWHERE));

  it('goes by what was seen of one that has ended, before its parent', () => {
    live(300, HERE);
    origins.set(100, { born: 0, netns: HERE }).set(101, { born: 0, netns: ELSEWHERE });
    expect(whereabouts.wasHere(call(100, 200))).toBe(true);
    expect(whereabouts.wasHere(call(101, 300))).toBe(false);
  });

  it('goes by its parent where it was not seen', () => {
    live(300, HERE);
    expect(whereabouts.wasHere(call(100, 300))).toBe(true);
    expect(whereabouts.wasHere(call(100, 200))).toBe(false);
  });

  it('cannot tell where both have ended', () => {
    expect(whereabouts.wasHere(call(100, 99))).toBeUndefined();
  });

  it('goes by a parent that has moved where it was born after that, not before', () => {
    live(300, HERE);
    origins.set(100, { born: 10, netns: null }).set(101, { born: 12, netns: null });
    whereabouts.moved({ ...move(300), at: 11 }); // whenever that is heard of
    expect(whereabouts.wasHere(call(100, 300))).toBeUndefined();
    expect(whereabouts.wasHere(call(101, 300))).toBe(true);
  });

  it('cannot tell where it has moved since it was seen', () => {
    origins.set(100, { born: 0, netns: HERE });
    whereabouts.moved(move(100));
    expect(whereabouts.wasHere(call(100, 1))).toBeUndefined();
  });
});
