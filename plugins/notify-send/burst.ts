import { setTimeout } from 'node:timers/promises';
import type { Sighting } from 'ptrap';

type Send = (latest: Sighting, count: number, signal: AbortSignal) => Promise<void>;

/**
 * Sends the first sighting at once and, while they come in faster than one in `pauseMs`, only the latest of
 * each pause, with the number of those it stands for.
 */
export function createBurst(pauseMs: number, send: Send) {
  let sentAt = -Infinity;
  let waiting: { latest: Sighting; count: number } | undefined;

  return async (sighting: Sighting, signal: AbortSignal): Promise<void> => {
    if (waiting) {
      waiting = { latest: sighting, count: waiting.count + sighting.count };
      return;
    }
    let burst = (waiting = { latest: sighting, count: sighting.count });
    try {
      const pause = sentAt + pauseMs - performance.now();
      if (pause > 0) await setTimeout(pause, undefined, { signal });
    } finally {
      burst = waiting;
      waiting = undefined;
    }
    sentAt = performance.now();
    await send(burst.latest, burst.count, signal);
  };
}
