import { readFileSync, writeFileSync } from 'node:fs';
import type { ProcEvent } from '../netlink/proc-event.js';

/** Tells when everything that had happened by some time has been taken note of. */
export interface Marker {
  /**
   * False when that does not come about.
   * @param since all that had happened by then (performance.now()); default now
   */
  caughtUp(since?: number): Promise<boolean>;
  /** Shown every event. */
  see(event: ProcEvent): void;
}

/** How long events may be under way, in ms. */
const PATIENCE_MS = 200;

/** The mark is our own name, set to what it is: the kernel tells of that after all that came before. */
export function openMarker(proc: string): Marker {
  const waiting: { at: number; done(caughtUp: boolean): void }[] = [];
  let latest = { at: -Infinity, caughtUp: Promise.resolve(false) };

  function mark(at: number): Promise<boolean> {
    return new Promise(settle => {
      const timer = setTimeout(() => done(false), PATIENCE_MS);
      const done = (caughtUp: boolean): void => {
        clearTimeout(timer);
        settle(caughtUp);
      };
      waiting.push({ at, done });
      try {
        writeFileSync(`${proc}/self/comm`, readFileSync(`${proc}/self/comm`, 'latin1').trim());
      } catch {
        done(false); // /proc is read-only: nothing can be proven
      }
    });
  }

  return {
    caughtUp(since = performance.now()) {
      if (latest.at < since) {
        const at = performance.now();
        latest = { at, caughtUp: mark(at) };
      }
      return latest.caughtUp;
    },
    see(event) {
      if (event.what !== 'comm' || event.pid !== process.pid) return;
      // those whose event was lost have come to nothing long since
      while (waiting[0] && waiting[0].at <= event.at) waiting.shift()?.done(true);
    },
  };
}
