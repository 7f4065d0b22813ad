import { describe, expect, it } from 'vitest';
import { delayFor } from '../../src/match/proof.js';

describe('delayFor', () => {
  it.each([
    [0.3, 40],
    [9.1, 60],
    [20, 90],
    [260, 810],
  ])('a source of %s ms asks for a delay of %s ms', (latency, delay) => {
    expect(delayFor(latency)).toBe(delay);
  });
});
