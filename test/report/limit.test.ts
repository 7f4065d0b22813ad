import { describe, expect, it } from 'vitest';
import type { Flow, ProcessInfo, Resolution } from '../../src/events.js';
import { createLimit, type LimitPer } from '../../src/report/limit.js';
import { dig, match, sightingOf } from '../fixtures/report/events.js';

function limiting(per: LimitPer, perMinute: number) {
  let time = 1_000_000;
  const limit = createLimit(per, perMinute, () => time);
  const pass = (change: Partial<Flow>, resolution: Resolution) =>
    limit.pass({ ...match, flow: { ...match.flow, ...change } }, resolution);
  return {
    pass,
    counts: (times: number, ...processes: ProcessInfo[]) =>
      Array.from({ length: times }, () => pass({}, sightingOf(1, ...processes).resolution)),
    after: (ms: number) => (time += ms),
  };
}

const curl: ProcessInfo = { ...dig, pid: 995, startTime: 183500, comm: 'curl', exe: '/usr/bin/curl' };

describe('a limit per process', () => {
  it('lets so many through in any minute, and the next one stands for those suppressed', () => {
    const { counts, after } = limiting('process', 2);
    expect(counts(1, dig)).toEqual([1]);
    after(30_000);
    expect(counts(4, dig)).toEqual([1, 0, 0, 0]);
    after(30_000); // the first is a minute old, the second is not
    expect(counts(2, dig)).toEqual([4, 0]);
    after(3_600_000); // what is untold is not forgotten
    expect(counts(3, dig)).toEqual([2, 1, 0]);
  });

  it('never lets more through in any window of a minute', () => {
    const { counts, after } = limiting('process', 5);
    const passedAt: number[] = [];
    let told = 0;
    for (let time = 0; time < 300_000; time += 700) {
      const [count = 0] = counts(1, dig);
      if (count > 0) passedAt.push(time);
      told += count;
      after(700);
    }
    for (const start of passedAt) {
      expect(passedAt.filter(time => time >= start && time < start + 60_000).length).toBeLessThanOrEqual(5);
    }
    expect(passedAt.length).toBeGreaterThanOrEqual(20);
    after(60_000);
    expect(told + counts(1, dig)[0]!).toBe(Math.ceil(300_000 / 700) + 1);
  });

  it('tells a process from another with its pid', () => {
    const { counts } = limiting('process', 1);
    expect(counts(2, dig)).toEqual([1, 0]);
    expect(counts(2, { ...dig, startTime: dig.startTime + 1 })).toEqual([1, 0]);
    expect(counts(2, curl)).toEqual([1, 0]);
  });

  it('counts all its connections together', () => {
    const { pass } = limiting('process', 1);
    const { resolution } = sightingOf(1, dig);
    expect(pass({ src: { address: '10.0.0.2', port: 40001 } }, resolution)).toBe(1);
    expect(pass({ src: { address: '10.0.0.2', port: 40002 } }, resolution)).toBe(0);
  });

  it('counts the holders of one socket together, in any order, and apart from each of them', () => {
    const { counts } = limiting('process', 1);
    expect(counts(1, dig, curl)).toEqual([1]);
    expect(counts(1, curl, dig)).toEqual([0]);
    expect(counts(1, dig)).toEqual([1]);
    expect(counts(1, curl)).toEqual([1]);
    expect(counts(1, dig, curl)).toEqual([0]);
  });

  it('knows one that has exited for the one it was', () => {
    const { counts, pass } = limiting('process', 1);
    const { resolution } = sightingOf(1, dig);
    expect(counts(1, dig)).toEqual([1]);
    expect(pass({}, { ...resolution, grade: 'history' } as Resolution)).toBe(0);
  });
});

describe('what has no process', () => {
  const resolved = sightingOf(1, dig).resolution as Extract<Resolution, { status: 'resolved' }>;
  const ofUser: Resolution = { ...resolved, grade: 'uid', processes: [] };
  const history: Resolution = { ...resolved, grade: 'history', processes: [] };
  const unresolved = (reason: 'exited' | 'kernel'): Resolution => ({
    status: 'unresolved',
    reason,
    latencyMs: 1,
  });

  it.each(['process', 'executable'] as const)('is limited by its user, target and kind, per %s', per => {
    const { pass } = limiting(per, 2);
    for (const resolution of [ofUser, history, unresolved('exited'), unresolved('kernel')]) {
      expect(Array.from({ length: 4 }, () => pass({}, resolution))).toEqual([1, 1, 0, 0]);
      expect(pass({ uid: 0 }, resolution)).toBe(1);
      expect(pass({ uid: null }, resolution)).toBe(1);
    }
  });

  it('is kept apart by target', () => {
    const limit = createLimit('process', 1, () => 0);
    expect(limit.pass(match, unresolved('exited'))).toBe(1);
    expect(limit.pass({ ...match, target: '10.0.0.0/8' }, unresolved('exited'))).toBe(1);
    expect(limit.pass(match, unresolved('exited'))).toBe(0);
  });
});

describe('a limit per executable', () => {
  it('counts all its processes together', () => {
    const { counts } = limiting('executable', 1);
    expect(counts(1, dig)).toEqual([1]);
    expect(counts(1, { ...dig, pid: 5, startTime: 9 })).toEqual([0]);
    expect(counts(1, curl)).toEqual([1]);
    expect(counts(1, curl, dig, { ...dig, pid: 5 })).toEqual([1]);
    expect(counts(1, dig, curl)).toEqual([0]);
  });

  it('takes the same path in another container for another', () => {
    const { counts } = limiting('executable', 1);
    expect(counts(2, dig)).toEqual([1, 0]);
    expect(counts(2, { ...dig, container: 'f'.repeat(64) })).toEqual([1, 0]);
  });

  it('goes by name where the path is not known, and takes no name for a path', () => {
    const { counts } = limiting('executable', 1);
    expect(counts(2, { ...dig, exe: null })).toEqual([1, 0]);
    expect(counts(1, { ...dig, exe: null, pid: 5 })).toEqual([0]);
    expect(counts(1, { ...dig, exe: 'dig' })).toEqual([1]);
    expect(counts(1, { ...dig, exe: null, comm: '/usr/bin/dig' })).toEqual([1]);
    expect(counts(1, dig)).toEqual([1]);
  });
});

describe('a limit per connection', () => {
  const { resolution } = sightingOf(1, dig);
  const ends = (port: number) => ({ src: { address: '10.0.0.2', port } });

  it('counts by the 5-tuple, whoever sends', () => {
    const { pass } = limiting('connection', 1);
    expect([pass(ends(1), resolution), pass(ends(1), sightingOf(1, curl).resolution)]).toEqual([1, 0]);
    expect(pass(ends(2), resolution)).toBe(1);
    expect(pass({ ...ends(1), protocol: 'tcp' }, resolution)).toBe(1);
    expect(pass({ ...ends(1), dst: { address: '192.168.1.1', port: 54 } }, resolution)).toBe(1);
    expect(pass({ ...ends(1), dst: { address: '192.168.1.2', port: 53 } }, resolution)).toBe(1);
  });

  it('counts by the id of an echo, and by the addresses where there is neither', () => {
    const { pass } = limiting('connection', 1);
    const portless = { src: { address: '10.0.0.2' }, dst: { address: '192.168.1.1' } };
    const echo = (id: number) => ({ ...portless, protocol: 'icmp', icmp: { type: 8, code: 0, id } });
    expect([pass(echo(7), resolution), pass(echo(7), resolution), pass(echo(8), resolution)]).toEqual([
      1, 0, 1,
    ]);
    const gre = { ...portless, protocol: 'gre' };
    expect([pass(gre, resolution), pass(gre, resolution)]).toEqual([1, 0]);
  });
});

describe('no limit', () => {
  it('lets all through', () => {
    expect(limiting('none', 1).counts(5, dig)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('memory', () => {
  it('holds at least the 32,768 keys that were seen last, and lets the longest unseen go', () => {
    const { counts } = limiting('process', 1);
    const others = (from: number) => {
      for (let pid = from; pid < from + 32_767; pid++) counts(1, { ...dig, pid });
    };
    expect(counts(3, { ...dig, pid: 1 })).toEqual([1, 0, 0]);
    expect(counts(1, { ...dig, pid: 2 })).toEqual([1]);
    others(100_000);
    expect(counts(1, { ...dig, pid: 1 })).toEqual([0]);
    others(200_000);
    expect(counts(1, { ...dig, pid: 1 })).toEqual([0]);
    expect(counts(1, { ...dig, pid: 2 })).toEqual([1]); // forgotten
    others(300_000);
    others(400_000);
    expect(counts(1, { ...dig, pid: 1 })).toEqual([5]); // its minute is forgotten, what is untold is not
  });

  it('does not let a limit of many sightings slow down', () => {
    const { counts, after } = limiting('process', 1_000_000);
    for (let number = 0; number < 300_000; number++) {
      if (counts(1, dig)[0] !== 1) expect.unreachable();
      after(1);
    }
  });
});
