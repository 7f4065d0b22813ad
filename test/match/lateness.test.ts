import { describe, expect, it } from 'vitest';
import { openLateness } from '../../src/match/lateness.js';

const S = 1_000_000;

describe('openLateness', () => {
  it('tells what came late: not by as much as lines may take, and whatever the difference of the clocks is', () => {
    const lateness = openLateness();
    expect(lateness.of(5 * S, 9 * S)).toBe(0);
    expect(lateness.of(6 * S, 10.05 * S)).toBe(0);
    expect(lateness.of(7 * S, 14 * S)).toBeCloseTo(3 * S, -5);
    expect(lateness.of(9.9 * S, 14 * S)).toBe(0);
  });

  it('knows what is usual after a long time without a line, in which the clocks have drifted', () => {
    const lateness = openLateness();
    lateness.of(0, 0);
    expect(lateness.of(3600 * S, 3601 * S)).toBe(0);
    expect(lateness.of(3600 * S, 3610 * S)).toBeGreaterThan(8 * S);
  });

  it('takes all that was said while journald was away for late', () => {
    const lateness = openLateness();
    lateness.of(0, 0);
    const told = [1, 2, 30, 59].map(said => lateness.of(said * S, 60 * S) / S);
    expect(told.map(Math.round)).toEqual([59, 58, 30, 1]);
  });

  it('gets used to clocks that have been set apart', () => {
    const lateness = openLateness();
    for (let at = 0; at < 20; at += 1) lateness.of(at * S, at * S);
    const told = Array.from({ length: 40 }, (_, at) => lateness.of((20 + at) * S, (25 + at) * S));
    expect(told[0]).toBeGreaterThan(4 * S);
    expect(told.at(-1)).toBe(0);
  });
});
