import { setTimeout as sleep } from 'node:timers/promises';
import type { Counters } from '../rules/apply.js';
import type { Sorting } from './sorting.js';
import type { Losses } from './source.js';

/** How long the next outstanding packet may take, twice journald's own delay, and all of them, in ms. */
const PATIENCE = { idleMs: 1000, mostMs: 5000 };

/**
 * Waits until as many packets were read as the kernel has brought so far, or no more come, and tells what is missing.
 * What comes later is lost, too, and counted as such: it is read no more.
 */
export async function settle(
  counters: Counters,
  { read, close }: Pick<Sorting, 'read' | 'close'>,
): Promise<Losses> {
  // without counters the table has gone: whoever ended nft hears of that
  const [matched, logged] = await Promise.all([counters.matched(), counters.logged()]).catch(() => [
    read(),
    read(),
  ]);
  const begun = performance.now();
  let progress = { read: read(), at: begun };
  while (read() < logged) {
    const now = performance.now();
    if (read() > progress.read) progress = { read: read(), at: now };
    if (now > progress.at + PATIENCE.idleMs || now > begun + PATIENCE.mostMs) break;
    await sleep(5);
  }
  close();
  return { suppressed: Math.max(0, matched - logged), lost: Math.max(0, logged - read()) };
}
