import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolution } from '../../src/events.js';
import type { Match } from '../../src/hooks.js';
import { openRehearsal, type Rehearsal } from '../../src/resolve/rehearsal.js';
import { openResolver } from '../../src/resolve/resolver.js';

const unknown: Resolution = { status: 'unresolved', reason: 'exited', latencyMs: 0 };
const match = { target: 'udp 192.0.2.1:53', at: '2026-11-29T01:00:00.000000Z' } as Match;
const complete = { isComplete: true };

let rehearsal: Rehearsal | undefined;
afterEach(() => {
  rehearsal?.[Symbol.dispose]();
});

/** One whose resolver takes `ms` for a look-up, and what it was asked for. */
function rehearse({ ms = 0, table = complete, fails = false } = {}) {
  const asked: Match[] = [];
  let [underWay, most] = [0, 0];
  rehearsal = openRehearsal(
    {
      async resolve(of) {
        asked.push(of);
        most = Math.max(most, (underWay += 1));
        await sleep(ms);
        underWay -= 1;
        if (fails) throw new Error('no look-up');
        return unknown;
      },
      [Symbol.dispose]: () => undefined,
    },
    table,
  );
  return { asked, rehearsal, most: () => most };
}

/** How long its socket may take to open, in ms. */
const OPEN_MS = 50;

describe('a rehearsal', () => {
  it('looks for a socket of its own that ptrap really has', async () => {
    const { asked, rehearsal } = rehearse();
    rehearsal.begin();
    await sleep(OPEN_MS);
    await rehearsal.resolve(match);
    await sleep(50);
    const resolver = openResolver();
    const resolution = await resolver.resolve(asked[1]!);
    resolver[Symbol.dispose]();
    expect(resolution).toMatchObject({ status: 'resolved', processes: [{ pid: process.pid }] });
  });

  it('takes place after a match, and ends when no more come', async () => {
    const { asked, rehearsal } = rehearse();
    rehearsal.begin();
    await sleep(OPEN_MS);
    expect(asked).toEqual([]);
    for (let matches = 0; matches < 2; matches += 1) {
      const before = asked.length;
      await rehearsal.resolve(match);
      await sleep(500);
      const after = asked.length;
      expect(after).toBeGreaterThan(before + 10);
      await sleep(100);
      expect(asked).toHaveLength(after);
    }
  });

  it('is none before it begins', async () => {
    const { asked, rehearsal } = rehearse();
    await rehearsal.resolve(match);
    await sleep(50);
    expect(asked).toEqual([match]);
  });

  it('takes a fifth of the time at the most', async () => {
    const { asked, rehearsal } = rehearse({ ms: 20 });
    rehearsal.begin();
    await sleep(OPEN_MS);
    await rehearsal.resolve(match);
    await sleep(400);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThanOrEqual(5); // 20 ms each, and 80 to 100 in between
  });

  it('waits while matches are looked up', async () => {
    const { asked, rehearsal, most } = rehearse({ ms: 100 });
    rehearsal.begin();
    await sleep(OPEN_MS);
    expect(await rehearsal.resolve(match)).toBe(unknown);
    expect(asked).toEqual([match]);
    await Promise.all([rehearsal.resolve(match), rehearsal.resolve(match)]);
    expect(asked).toEqual([match, match, match]);
    expect(most()).toBe(2);
  });

  it('takes place once at a time, also where matches come meanwhile', async () => {
    const { asked, rehearsal } = rehearse({ ms: 20 });
    rehearsal.begin();
    await sleep(OPEN_MS);
    for (let matches = 0; matches < 5; matches += 1) {
      await Promise.all([rehearsal.resolve(match), sleep(30)]);
    }
    const before = asked.length;
    await sleep(250);
    expect(asked.length - before).toBeLessThanOrEqual(4);
  });

  it('does not search through /proc', async () => {
    const { asked, rehearsal } = rehearse({ table: { isComplete: false } });
    rehearsal.begin();
    await sleep(OPEN_MS);
    await rehearsal.resolve(match);
    await sleep(50);
    expect(asked).toEqual([match]);
  });

  it('keeps its failures to itself, and gives those of a match', async () => {
    const { asked, rehearsal } = rehearse({ fails: true });
    rehearsal.begin();
    await sleep(OPEN_MS);
    await expect(rehearsal.resolve(match)).rejects.toThrow('no look-up');
    await sleep(50);
    expect(asked.length).toBeGreaterThan(2);
  });

  it('ends with its disposal, also while it begins', async () => {
    const { asked, rehearsal } = rehearse();
    rehearsal.begin();
    const resolving = rehearsal.resolve(match);
    rehearsal[Symbol.dispose]();
    await resolving;
    await sleep(50);
    expect(asked).toEqual([match]);
  });
});
