import { afterEach, describe, expect, it, vi } from 'vitest';
import { isoTime, openClock, readClocks } from '../../src/sys/clock.js';

afterEach(() => vi.restoreAllMocks());

describe('isoTime', () => {
  it.each([
    ['0000000', '1970-01-01T00:00:00.000000Z'],
    ['1795469407079003', '2026-11-23T21:30:07.079003Z'],
    ['1795469407000000', '2026-11-23T21:30:07.000000Z'],
  ])('%s is %s', (microseconds, text) => {
    expect(isoTime(microseconds)).toBe(text);
  });
});

describe('openClock', () => {
  it('tells the time of the wall clock, and more finely', () => {
    const microseconds = openClock()();
    expect(Math.abs(microseconds / 1000 - Date.now())).toBeLessThan(50);
    expect(isoTime(String(microseconds))).toMatch(/^\d{4}-.*\.\d{6}Z$/);
  });
});

describe('readClocks', () => {
  /** Each reading of the wall clock takes so long. */
  const slow = (ms: number[]) => {
    let steady = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => steady);
    vi.spyOn(Date, 'now').mockImplementation(() => (steady += ms.shift() ?? 0));
  };

  it('reads both again where something ran in between', () => {
    slow([20, 20]);
    expect(readClocks()).toEqual({ steady: 1040, wall: 1040 });
  });

  it('takes what there is where that never ends', () => {
    slow(Array.from({ length: 1000 }, () => 20));
    const { steady, wall } = readClocks();
    expect(wall - steady).toBe(20);
  });
});
