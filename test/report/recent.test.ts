import { describe, expect, it } from 'vitest';
import { openRecent } from '../../src/report/recent.js';

function remembering(most: number, forMs = Infinity) {
  let time = 0;
  const recent = openRecent<number>({ most, forMs, now: () => time });
  return { ...recent, after: (ms: number) => (time += ms) };
}

const upTo = (number: number) => Array.from({ length: number }, (_, index) => index);

describe('a recent map', () => {
  it('keeps what was set last, at most so many and at least half of them', () => {
    const { get, set } = remembering(100);
    for (const number of upTo(1000)) {
      set(`${number}`, number);
      const kept = upTo(number + 1).filter(key => get(`${key}`) !== undefined);
      expect(kept.length).toBeLessThanOrEqual(100);
      expect(kept.slice(-50)).toEqual(upTo(number + 1).slice(-50));
    }
  });

  it('keeps what is set again, with its last value', () => {
    const { get, set } = remembering(4);
    for (const number of upTo(20)) {
      set('again', number);
      set(`${number}`, number);
      expect(get('again')).toBe(number);
    }
  });

  it('keeps everything for its time, however often it was full, and not for ever', () => {
    const { get, set, after } = remembering(10, 1000);
    set('key', 1);
    after(999);
    for (const number of upTo(4)) set(`${number}`, number);
    after(2);
    set('key', 1);
    for (const number of upTo(4)) expect(get(`${number}`)).toBe(number);
    after(1001);
    set('other', 1);
    expect([get('key'), get('0')]).toEqual([1, undefined]);
    after(1001);
    set('other', 1);
    expect(get('key')).toBeUndefined();
  });

  it('deletes for good', () => {
    const { get, set, delete: remove } = remembering(2);
    set('key', 1);
    set('key', 2);
    set('other', 3);
    remove('key');
    expect([get('key'), get('other')]).toEqual([undefined, 3]);
  });
});
