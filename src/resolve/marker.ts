import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { ProcEvent } from '../netlink/proc-event.js';

/** Tells when everything that had happened by some time has been taken note of. */
export interface Marker extends Disposable {
  /** All that has happened up to now. False when that does not come about. */
  caughtUp(): Promise<boolean>;
  /** All that had happened by then (performance.now()): what was marked since serves for it, too. */
  caughtUpTo(time: number): Promise<boolean>;
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
  /** Until the next tick, for no packet is read before: what is asked about by then was sent before this mark. */
  let ofTick: Promise<boolean> | undefined;

  function mark(): Promise<boolean> {
    const at = performance.now();
    latest = { at, caughtUp: comm === undefined ? Promise.resolve(false) : write(comm, at) };
    return latest.caughtUp;
  }

  function write(fd: number, at: number): Promise<boolean> {
    return new Promise(settle => {
      // what has come while the event loop stood still is read first
      const timer = setTimeout(() => setImmediate(done, false), PATIENCE_MS);
      const done = (caughtUp: boolean): void => {
        clearTimeout(timer);
        settle(caughtUp);
      };
      waiting.push({ at, done });
      writeSync(fd, name, 0, readSync(fd, name, 0, name.length, 0) - NEWLINE);
    });
  }

  return {
    caughtUp() {
      if (ofTick === undefined) process.nextTick(() => (ofTick = undefined));
      return (ofTick ??= mark());
    },
    caughtUpTo: time => (latest.at < time ? mark() : latest.caughtUp),
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
