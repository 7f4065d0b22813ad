import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openLatestFirst } from '../../src/resolve/latest-first.js';

/** Look-ups that note when they begin, and end when told. */
function open() {
  const inTurn = openLatestFirst();
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const all: Promise<number>[] = [];
  const lookUp = (number: number): void => {
    const answer = inTurn(() => {
      begun.push(number);
      return new Promise<number>(resolve => ends.set(number, () => resolve(number)));
    });
    all.push(answer);
  };
  return { lookUp, begun, ends, inTurn, all };
}

describe('the look-ups in turn', () => {
  it('begin at once, and of those that wait the latest first', async () => {
    const { lookUp, begun } = open();
    for (let number = 1; number <= 12; number += 1) lookUp(number);
    expect(begun).toEqual([1, 2, 3, 4]);
    await turn();
    expect(begun.slice(4)).toEqual([12, 11, 10, 9]);
    lookUp(13);
    await turn();
    expect(begun.slice(8)).toEqual([13, 8, 7, 6]);
    await turn();
    expect(begun.slice(12)).toEqual([5]);
  });

  it('are 64 at once', async () => {
    const { lookUp, begun, ends, all } = open();
    for (let number = 0; number < 66; number += 1) lookUp(number);
    for (let turns = 0; turns < 40; turns += 1) await turn();
    expect(begun).toHaveLength(64);
    for (const number of begun) ends.get(number)!();
    for (let turns = 0; turns < 4; turns += 1) await turn();
    for (const number of begun.slice(64)) ends.get(number)!();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 66 }, (_, number) => number));
  });

  it('give way when they fail', async () => {
    const { inTurn, lookUp, begun } = open();
    const failed = Array.from({ length: 100 }, () =>
      inTurn(() => Promise.reject(new Error('no answer'))).catch(String),
    );
    lookUp(1);
    for (let turns = 0; turns < 40; turns += 1) await turn();
    expect(new Set(await Promise.all(failed))).toEqual(new Set(['Error: no answer']));
    expect(begun).toEqual([1]);
  });
});
