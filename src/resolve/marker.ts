import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { ProcEvent } from '../netlink/proc-event.js';

/** Tells when everything that had happened by some time has been taken note of. */
export interface Marker extends Disposable {
  /**
   * False when that does not come about.
   * @param since all that had happened by then (performance.now()); default now
   */
  caughtUp(since?: number): Promise<boolean>;
  /** Shown every event. */
  see(event: ProcEvent): void;
}

/** How long events may be under way, in ms. */
const PATIENCE_MS = 1000;
/** A name is 15 bytes at most, and /proc ends it with a newline. */
const NEWLINE = 1;
const name = Buffer.alloc(15 + NEWLINE);

/** The mark is our own name, set to what it is: the kernel tells of that after all that came before. */
export function openMarker(proc: string): Marker {
  let comm = openComm(proc);
  const waiting: { at: number; done(caughtUp: boolean): void }[] = [];
  let latest = { at: -Infinity, caughtUp: Promise.resolve(false) };

  function mark(at: number): Promise<boolean> {
    return new Promise(settle => {
      // what has come while the event loop stood still is read first
      const timer = setTimeout(() => setImmediate(done, false), PATIENCE_MS);
      const done = (caughtUp: boolean): void => {
        clearTimeout(timer);
        settle(caughtUp);
      };
      waiting.push({ at, done });
      if (comm === undefined) done(false);
      else writeSync(comm, name, 0, readSync(comm, name, 0, name.length, 0) - NEWLINE);
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
    [Symbol.dispose]() {
      if (comm !== undefined) closeSync(comm);
      comm = undefined;
    },
  };
}

/** Our own name, for reading and writing; undefined where /proc is read-only. */
function openComm(proc: string): number | undefined {
  try {
    return openSync(`${proc}/self/comm`, 'r+');
  } catch {
    return undefined;
  }
}
