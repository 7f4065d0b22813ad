import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Call } from '../../src/match/audit/calls.js';
import { openWhereabouts, type Whereabouts } from '../../src/match/audit/whereabouts.js';

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

/** Where those were that have ended, as the process table saw it. */
const seen = new Map<number, number>();
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
  seen.clear();
  whereabouts = openWhereabouts(proc, ({ pid }) => seen.get(pid));
});

describe('isHere', () => {
  it('looks at who lives', () => {
    live(100, HERE);
    live(200, ELSEWHERE);
    expect(whereabouts.isHere(call(100, 200))).toBe(true);
    expect(whereabouts.isHere(call(200, 100))).toBe(false);
  });

  it('is sure of who has ended where there is no other network namespace', () => {
    expect(whereabouts.isHere(call(100, 99))).toBe(true);
  });

  describe('of one that has ended, beside other network namespaces', () => {
    beforeEach(() => live(200, ELSEWHERE));

    it('goes by what was seen of it, before its parent', () => {
      live(300, HERE);
      seen.set(100, HERE).set(101, ELSEWHERE);
      expect(whereabouts.isHere(call(100, 200))).toBe(true);
      expect(whereabouts.isHere(call(101, 300))).toBe(false);
    });

    it('goes by its parent where it was not seen', () => {
      live(300, HERE);
      expect(whereabouts.isHere(call(100, 300))).toBe(true);
      expect(whereabouts.isHere(call(100, 200))).toBe(false);
    });

    it('cannot tell where both have ended', () => {
      expect(whereabouts.isHere(call(100, 99))).toBeUndefined();
    });

    it('cannot tell where it has moved since it was seen', () => {
      seen.set(100, HERE);
      whereabouts.moved(call(100, 1, { name: 'unshare', exit: 0, args: [CLONE_NEWNET, 0, 0, 0] }));
      expect(whereabouts.isHere(call(100, 1))).toBeUndefined();
    });
  });
});
