import { describe, expect, it } from 'vitest';
import { openTurns } from '../../src/match/turns.js';

function open() {
  const gone: number[] = [];
  const join = openTurns(({ id }) => gone.push(id));
  return { gone, join: (flow: string, id: number) => join(flow, { queue: 1, id }) };
}

describe('the turns of held packets', () => {
  it('lets none overtake another of its flow, whichever is known first', () => {
    const { gone, join } = open();
    const [one, two, three] = [join('a', 1), join('a', 2), join('a', 3)];
    two();
    three();
    expect(gone).toEqual([]);
    one();
    expect(gone).toEqual([1, 2, 3]);
  });

  it('does not keep one flow waiting for another', () => {
    const { gone, join } = open();
    join('a', 1);
    join('b', 2)();
    expect(gone).toEqual([2]);
  });

  it('begins anew when all of a flow have gone, and lets each go once', () => {
    const { gone, join } = open();
    const one = join('a', 1);
    one();
    const two = join('a', 2);
    one();
    expect(gone).toEqual([1]);
    two();
    two();
    expect(gone).toEqual([1, 2]);
  });
});
