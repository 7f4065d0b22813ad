import { afterEach, describe, expect, it, vi } from 'vitest';
import { openWallClock } from '../../src/resolve/wall-clock.js';

afterEach(() => vi.restoreAllMocks());

/** Sets both clocks. */
function set(local: number, wall: number): void {
  vi.spyOn(performance, 'now').mockReturnValue(local);
  vi.spyOn(Date, 'now').mockReturnValue(Math.floor(wall));
}

const BASE = Date.parse('2026-11-23T19:00:00.000Z');

describe('openWallClock', () => {
  it('knows a wall time better than Date.now() does, and never too early', () => {
    const clock = openWallClock();
    for (let local = 1000; local < 1003; local += 0.1) {
      set(local, BASE + local + 0.35);
      clock.local('2026-11-23T19:00:01.000000Z');
    }
    const at = clock.local('2026-11-23T19:00:01.500350Z');
    expect(at).toBeGreaterThanOrEqual(1500 - 1e-3);
    expect(at).toBeLessThan(1500.15);
  });

  it('understands times to the millisecond, and no nonsense', () => {
    set(1000, BASE + 1000);
    const clock = openWallClock();
    expect(clock.local('2026-11-23T19:00:02.000Z')).toBe(2000);
    expect(clock.local('never')).toBeNaN();
  });

  it('notices when the wall clock is set', () => {
    const clock = openWallClock();
    set(1000, BASE + 1000);
    clock.local('2026-11-23T19:00:01.000Z');
    expect(clock.setAt()).toBe(-Infinity);
    set(2000, BASE + 1900);
    expect(clock.local('2026-11-23T19:00:01.900Z')).toBe(2000);
    expect(clock.setAt()).toBe(2000);
    set(20_000, BASE + 19_900);
    clock.local('2026-11-23T19:00:19.900Z');
    set(40_000, BASE + 39_900);
    clock.local('2026-11-23T19:00:39.900Z');
    expect(clock.setAt()).toBe(2000);
  });

  it('does not take what ran between its readings for a wall clock that was set', () => {
    const clock = openWallClock();
    set(1000, BASE + 1000);
    clock.local('2026-11-23T19:00:01.000Z');
    set(2000, BASE + 2000);
    vi.spyOn(Date, 'now').mockImplementationOnce(() => {
      set(2020, BASE + 2020);
      return BASE + 2020;
    });
    expect(clock.local('2026-11-23T19:00:02.000Z')).toBe(2000);
    expect(clock.setAt()).toBe(-Infinity);
  });
});
