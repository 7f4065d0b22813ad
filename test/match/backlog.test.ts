import { describe, expect, it } from 'vitest';
import { createBacklog, type Outlook } from '../../src/match/backlog.js';

/** What the backlog says from `from` to `to`, asked every 10 ms: each answer once, with when it was first given. */
function answers(
  backlog: ReturnType<typeof createBacklog>,
  counts: { logged: number; read: number },
  [from, to]: [number, number],
): [Outlook, number][] {
  const given: [Outlook, number][] = [];
  for (let now = from; now <= to; now += 10) {
    const outlook = backlog.look(counts, now);
    if (given.at(-1)?.[0] !== outlook) given.push([outlook, now]);
  }
  return given;
}

describe('the backlog', () => {
  it('is empty while all that was logged has been read', () => {
    expect(answers(createBacklog(), { logged: 7, read: 7 }, [1000, 30_000])).toEqual([['none', 1000]]);
  });

  it('calls a line that does not come stuck, each time after twice the time, then late, then lost', () => {
    expect(answers(createBacklog(), { logged: 8, read: 7 }, [1000, 20_000])).toEqual([
      ['due', 1000],
      ['stuck', 1250],
      ['due', 1260],
      ['stuck', 1750],
      ['due', 1760],
      ['late', 2000],
      ['stuck', 3250],
      ['late', 3260],
      ['stuck', 7750],
      ['late', 7760],
      ['none', 11_000],
    ]);
  });

  it('waits anew once something has come', () => {
    const backlog = createBacklog();
    answers(backlog, { logged: 9, read: 7 }, [1000, 1240]);
    expect(backlog.look({ logged: 9, read: 8 }, 1250)).toBe('due');
    expect(backlog.look({ logged: 9, read: 8 }, 1499)).toBe('due');
    expect(backlog.look({ logged: 9, read: 8 }, 1500)).toBe('stuck');
  });

  it('gives up a line that never comes also while others come and go', () => {
    const backlog = createBacklog();
    let logged = 1;
    for (let now = 1000; now < 11_000; now += 100) {
      logged += 1;
      backlog.look({ logged, read: logged - 2 }, now);
      backlog.look({ logged, read: logged - 1 }, now + 50);
    }
    expect(backlog.look({ logged, read: logged - 1 }, 11_000)).toBe('none');
    expect(backlog.look({ logged: logged + 1, read: logged - 1 }, 11_010)).toBe('due');
  });

  it('takes it back when such a line comes after all', () => {
    const backlog = createBacklog();
    answers(backlog, { logged: 8, read: 7 }, [1000, 12_000]);
    expect(backlog.look({ logged: 8, read: 8 }, 12_010)).toBe('none');
    expect(backlog.look({ logged: 9, read: 8 }, 12_020)).toBe('due');
  });
});
