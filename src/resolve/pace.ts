import { setImmediate } from 'node:timers/promises';

/** Longest run without a turn for the event loop, in ms. */
const SLICE_MS = 4;

/** Keeps a long search from holding up everything else. */
export interface Pacer {
  /** Whether its time is up. */
  over(): boolean;
  /** Whether the event loop is owed a turn. */
  due(): boolean;
  turn(): Promise<void>;
  /** Waits; what others do meanwhile does not count. */
  wait<T>(promise: Promise<T>): Promise<T>;
}

/** A pacer for work that may take `ms` of its own, however many others take turns with it. */
export function pacer(ms = Infinity, sliceMs = SLICE_MS): Pacer {
  let left = ms;
  let begun = performance.now();
  async function wait<T>(promise: Promise<T>): Promise<T> {
    left -= performance.now() - begun;
    const result = await promise;
    begun = performance.now();
    return result;
  }
  return {
    over: () => performance.now() - begun > left,
    due: () => performance.now() - begun > sliceMs,
    turn: () => wait(setImmediate()),
    wait,
  };
}
