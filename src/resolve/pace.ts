import { setImmediate } from 'node:timers/promises';

/** Longest run without a turn for the event loop, in ms. */
const SLICE_MS = 4;

/** Keeps a long search from holding up everything else. */
export interface Pacer {
  /** Whether its time is up. */
  over(): boolean;
  /** Whether the event loop is owed a turn. */
  due(): boolean;
  /** Gives it one; what others do meanwhile does not count. */
  turn(): Promise<void>;
}

/** A pacer for work that may take `ms` of its own, however many others take turns with it. */
export function pacer(ms = Infinity, sliceMs = SLICE_MS): Pacer {
  let left = ms;
  let begun = performance.now();
  return {
    over: () => performance.now() - begun > left,
    due: () => performance.now() - begun > sliceMs,
    async turn() {
      left -= performance.now() - begun;
      await setImmediate();
      begun = performance.now();
    },
  };
}
