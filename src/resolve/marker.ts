import { readFileSync, writeFileSync } from 'node:fs';
import type { ProcEvent } from '../netlink/proc-event.js';

/** Tells when everything that has happened up to now has been taken note of. */
export interface Marker {
  /** False when that does not come about. */
  caughtUp(): Promise<boolean>;
  /** Shown every event. */
  see(event: ProcEvent): void;
}

/** How long events may be under way, in ms. */
const PATIENCE_MS = 200;

/** The mark is our own name, set to what it is: the kernel tells of that after all that came before. */
export function openMarker(proc: string): Marker {
  const waiting: ((caughtUp: boolean) => void)[] = [];
  /** Until the next tick, for no packet is read before: what is asked about by then was sent before this mark. */
  let latest: Promise<boolean> | undefined;

  function mark(): Promise<boolean> {
    return new Promise(settle => {
      const timer = setTimeout(() => done(false), PATIENCE_MS);
      const done = (caughtUp: boolean): void => {
        clearTimeout(timer);
        settle(caughtUp);
      };
      waiting.push(done);
      try {
        writeFileSync(`${proc}/self/comm`, readFileSync(`${proc}/self/comm`, 'latin1').trim());
      } catch {
        done(false); // /proc is read-only: nothing can be proven
      }
    });
  }

  return {
    caughtUp() {
      if (latest === undefined) process.nextTick(() => (latest = undefined));
      return (latest ??= mark());
    },
    see(event) {
      if (event.what === 'comm' && event.pid === process.pid) waiting.shift()?.(true);
    },
  };
}
