import { describe, expect, it } from 'vitest';
import { percentile, spreadOf } from '../../bench/spread.js';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it('gives the figure below which the share lies', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
  });

  it('gives none of nothing', () => {
    expect(percentile([], 0.5)).toBeUndefined();
  });
});

describe('spreadOf', () => {
  it('gives smallest, middle and largest, and leaves out what is missing', () => {
    expect(spreadOf([5, undefined, 1, 3])).toEqual({ min: 1, median: 3, max: 5 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
    expect(spreadOf([undefined])).toBeUndefined();
  });
});
