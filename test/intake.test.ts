import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Resolution } from '../src/events.js';
import { openIntake } from '../src/intake.js';
import type { Arrival } from '../src/match/source.js';
import { match } from './fixtures/report/events.js';

const answer: Resolution = { status: 'unresolved', reason: 'exited', latencyMs: 1 };

/** An intake whose look-ups end when `finish` is called, or never where a plugin is asked. */
function open({ hangs = false }: { hangs?: boolean } = {}) {
  const taken: Arrival[] = [];
  const ends: (() => void)[] = [];
  let skipped = 0;
  let most = 0;
  let running = 0;
  const intake = openIntake({
    identify: (_arrival, isAsked) => {
      most = Math.max(most, (running += 1));
      return new Promise(resolve => {
        if (!isAsked)
          ends.push(() => {
            running -= 1;
            resolve(answer);
          });
      });
    },
    plugins: { taps: () => hangs, skip: () => void (skipped += 1) },
    isDone: () => false,
    take: arrival => void taken.push(arrival),
    fail: error => {
      throw error;
    },
  });
  return { intake, taken, ends, skipped: () => skipped, most: () => most };
}

/** Gives so many at once. */
async function* arrivals(count: number): AsyncGenerator<Arrival> {
  for (let arrived = 1; arrived <= count; arrived += 1) yield await Promise.resolve({ match, arrived });
}

describe('the intake', () => {
  it('looks into 64 at once, and gives them on in their order', async () => {
    const { intake, taken, ends, most } = open();
    const followed = intake.follow(arrivals(200));
    while (taken.length < 200) {
      await turn();
      for (const end of ends.splice(0).reverse()) end();
    }
    await followed;
    await intake.settled();
    expect(most()).toBe(64);
    expect(taken.map(({ arrived }) => arrived)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  it('goes on beside a plugin that never says who it was, and counts what it was not asked', async () => {
    const { intake, taken, ends, skipped } = open({ hangs: true });
    const followed = intake.follow(arrivals(1000));
    while (taken.length < 744) {
      await turn();
      for (const end of ends.splice(0)) end();
    }
    await followed;
    expect(skipped()).toBe(744);
    expect(taken[0]?.arrived).toBe(257);
  });
});
