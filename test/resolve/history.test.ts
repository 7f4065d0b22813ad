import { describe, expect, it } from 'vitest';
import { openHistory } from '../../src/resolve/history.js';
import type { Tracked } from '../../src/resolve/roster.js';

const dead = (pid: number, ended: number) => ({ pid, ended }) as Tracked;
const pids = (processes: Iterable<Tracked>) => [...processes].map(({ pid }) => pid);

describe('openHistory', () => {
  it('keeps who has ended for 60 s', () => {
    const gone: number[] = [];
    const history = openHistory(({ pid }) => gone.push(pid));
    history.add(dead(1, 1_000));
    history.add(dead(2, 2_000));
    history.expire(61_001);
    expect(gone).toEqual([1]);
    expect(history.reachesTo()).toBe(1_000);
    expect(pids(history.endedSince(0))).toEqual([2]);
  });

  it('gives the latest first, though the processors do not tell in order', () => {
    const history = openHistory(() => undefined);
    for (const [pid, at] of [
      [1, 100],
      [2, 900],
      [3, 1000],
      [4, 995],
      [5, 1001],
    ] as const)
      history.add(dead(pid, at));
    expect(pids(history.endedSince(996))).toEqual([5, 3]);
    expect(pids(history.endedSince(0))).toEqual([5, 4, 3, 2, 1]);
  });

  it('keeps no more than 20,000, and says how far back it goes', () => {
    let gone = 0;
    const history = openHistory(() => (gone += 1));
    for (let pid = 0; pid < 70_000; pid++) history.add(dead(pid, pid));
    expect(gone).toBe(50_000);
    expect(history.reachesTo()).toBe(49_999);
    expect(pids(history.endedSince(0))).toHaveLength(20_000);
  });
});
