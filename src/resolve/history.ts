import type { Tracked } from './roster.js';

/** The processes that have ended lately. */
export interface History {
  add(process: Tracked): void;
  /** Lets those go that are too old. */
  expire(now: number): void;
  /** Those that have ended since, the latest first. */
  endedSince(time: number): Iterable<Tracked>;
  /** All that have ended after this are here. */
  reachesTo(): number;
}

/** How long they are kept, in ms. */
const KEEP_MS = 60_000;
/** And how many at most. */
const MOST = 20_000;
/** Each of the machine's processors tells in order, but not all of them together: so far they are apart, in ms. */
const DISORDER_MS = 50;

/**
 * Opens an empty one.
 * @param forget hears of each process that is let go
 */
export function openHistory(forget: (process: Tracked) => void): History {
  let ended: Tracked[] = [];
  /** Before this index they have been let go. */
  let first = 0;
  let gone = -Infinity;

  function drop(process: Tracked): void {
    first += 1;
    gone = Math.max(gone, process.ended ?? gone);
    forget(process);
    if (first < MOST) return;
    ended = ended.slice(first);
    first = 0;
  }

  return {
    add(process) {
      ended.push(process);
      const oldest = ended[first];
      if (oldest && ended.length - first > MOST) drop(oldest);
    },
    expire(now) {
      for (let oldest = ended[first]; oldest && (oldest.ended ?? now) < now - KEEP_MS; oldest = ended[first])
        drop(oldest);
    },
    *endedSince(time) {
      for (let index = ended.length - 1; index >= first; index -= 1) {
        const process = ended[index];
        const end = process?.ended ?? -Infinity;
        if (process && end >= time) yield process;
        else if (end < time - DISORDER_MS) return;
      }
    },
    reachesTo: () => gone,
  };
}
