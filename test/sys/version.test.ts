import { describe, expect, it } from 'vitest';
import { isOlder } from '../../src/sys/version.js';

describe('isOlder', () => {
  it.each([
    ['18.20.4', '20.19.0', true],
    ['20.9.0', '20.19.0', true],
    ['20.18.9', '20.19.0', true],
    ['20.19.0', '20.19.0', false],
    ['20.19.1', '20.19.0', false],
    ['22.1.0', '20.19.0', false],
    ['100.0.0', '20.19.0', false],
  ])('%s before %s: %s', (found, needed, older) => {
    expect(isOlder(found, needed)).toBe(older);
  });
});
