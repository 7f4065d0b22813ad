import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/sys/duration.js';

describe('parseDuration', () => {
  it.each([
    ['60', 60],
    ['0.5', 0.5],
    ['60ms', 60],
    ['0.5s', 500],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', 's', '5 s', '-5s', '5S', '1m30s', '1e3', '.5s', '5.', '0x10', 'auto', '٣s'])(
    '%j is none',
    text => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
