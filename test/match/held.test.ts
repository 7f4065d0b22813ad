import { describe, expect, it } from 'vitest';
import { openHeld } from '../../src/match/held.js';

const first = { queue: 7, id: 1 };
const second = { queue: 7, id: 2 };
const elsewhere = { queue: 8, id: 1 };

describe('what a keeper holds', () => {
  it('is due when its time is over, in the order in which it came', () => {
    const held = openHeld();
    held.add(first, 100);
    held.add(elsewhere, 110);
    held.add(second, 120);
    expect(held.nextDue()).toBe(100);
    expect(held.takeDue(99)).toEqual([]);
    expect(held.takeDue(110)).toEqual([first, elsewhere]);
    expect(held.nextDue()).toBe(120);
    expect(held.takeDue(Infinity)).toEqual([second]);
    expect(held.nextDue()).toBeUndefined();
  });

  it('is let go once: ids of two queues do not mix', () => {
    const held = openHeld();
    held.add(first, 100);
    held.add(elsewhere, 100);
    held.remove(elsewhere);
    held.remove(elsewhere);
    expect(held.takeDue(Infinity)).toEqual([first]);
  });

  it('keeps ids apart that the kernel has counted up to the last', () => {
    const held = openHeld();
    const last = { queue: 65_535, id: 0xffff_ffff };
    held.add(last, 1);
    held.remove({ queue: 65_535, id: 0 });
    expect(held.nextDue()).toBe(1);
    held.remove(last);
    expect(held.nextDue()).toBeUndefined();
  });
});
