import { describe, expect, it } from 'vitest';
import { createLimit, type LimitPer } from '../../src/report/limit.js';
import type { ProcessInfo } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';

function limiting(per: LimitPer, perMinute: number) {
  let time = 1_000_000;
  const limit = createLimit(per, perMinute, () => time);
  return {
    ...limit,
    counts: (times: number, ...processes: ProcessInfo[]) =>
      Array.from({ length: times }, (_, number) => limit.pass(sightingOf(number, ...processes))?.count),
    after: (ms: number) => (time += ms),
  };
}

const curl: ProcessInfo = { ...dig, pid: 995, startTime: 183500, comm: 'curl', exe: '/usr/bin/curl' };

describe('a limit per process', () => {
  it('lets so many through in any minute, and the next one stands for those suppressed', () => {
    const { counts, after, suppressed } = limiting('process', 2);
    expect(counts(1, dig)).toEqual([1]);
    after(30_000);
    expect(counts(4, dig)).toEqual([1, undefined, undefined, undefined]);
    expect(suppressed()).toEqual({ total: 3, untold: 3 });
    after(30_000); // the first is a minute old, the second is not
    expect(counts(2, dig)).toEqual([4, undefined]);
    expect(suppressed()).toEqual({ total: 4, untold: 1 });
  });

  it('never lets more through in any window of a minute', () => {
    const { counts, after } = limiting('process', 5);
    const passedAt: number[] = [];
    for (let time = 0; time < 300_000; time += 700) {
      if (counts(1, dig)[0] !== undefined) passedAt.push(time);
      after(700);
    }
    for (const start of passedAt) {
      expect(passedAt.filter(time => time >= start && time < start + 60_000).length).toBeLessThanOrEqual(5);
    }
    expect(passedAt.length).toBeGreaterThanOrEqual(20);
  });

  it('tells a process from another with its pid', () => {
    const { counts } = limiting('process', 1);
    expect(counts(2, dig)).toEqual([1, undefined]);
    expect(counts(2, { ...dig, startTime: dig.startTime + 1 })).toEqual([1, undefined]);
    expect(counts(2, curl)).toEqual([1, undefined]);
  });

  it('counts the holders of one socket together, in any order', () => {
    const { counts } = limiting('process', 1);
    expect(counts(1, dig, curl)).toEqual([1]);
    expect(counts(1, curl, dig)).toEqual([undefined]);
    expect(counts(1, dig)).toEqual([1]);
  });

  it('limits what is unresolved as well', () => {
    const { counts, suppressed } = limiting('process', 3);
    expect(counts(5)).toEqual([1, 1, 1, undefined, undefined]);
    expect(suppressed().total).toBe(2);
  });

  it('keeps what a sighting stood for already', () => {
    const limit = createLimit('process', 1, () => 0);
    limit.pass(sightingOf(1, dig));
    limit.pass({ ...sightingOf(2, dig), count: 7 });
    expect(limit.suppressed()).toEqual({ total: 7, untold: 7 });
  });
});

describe('a limit per executable', () => {
  it('counts all its processes together', () => {
    const { counts } = limiting('executable', 1);
    expect(counts(1, dig)).toEqual([1]);
    expect(counts(1, { ...dig, pid: 5, startTime: 9 })).toEqual([undefined]);
    expect(counts(1, curl)).toEqual([1]);
  });
});

describe.each(['connection', 'none'] as const)('per %s', per => {
  it('lets all through: the kernel limits connections', () => {
    expect(limiting(per, 1).counts(5, dig)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('memory', () => {
  it('is bounded, and what was suppressed stays counted', () => {
    const { counts, suppressed } = limiting('process', 1);
    for (let pid = 1; pid <= 25_000; pid++) counts(2, { ...dig, pid });
    expect(suppressed()).toEqual({ total: 25_000, untold: 25_000 });
    expect(counts(1, { ...dig, pid: 25_000 })).toEqual([undefined]);
    expect(counts(1, { ...dig, pid: 1 })).toEqual([1]); // forgotten long since
  });
});
