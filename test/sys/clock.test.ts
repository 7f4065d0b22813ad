import { describe, expect, it } from 'vitest';
import { isoTime, openClock } from '../../src/sys/clock.js';

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
