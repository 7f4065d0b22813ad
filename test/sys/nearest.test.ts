import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/sys/nearest.js';

const known = ['limit', 'limit-per', 'delay', 'source', 'ip'];

describe('nearest', () => {
  it.each([
    ['limt', 'limit'],
    ['LIMIT', 'limit'],
    ['limit-pr', 'limit-per'],
    ['dealy', 'delay'],
    ['soruce', 'source'],
    ['source-file', 'source'],
    ['del', 'delay'],
  ])('%s is meant to be %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it.each(['colour', 'x', '', 'q9', 'verbosity'])('nothing is near to %j', word => {
    expect(nearest(word, known)).toBeUndefined();
  });
});
