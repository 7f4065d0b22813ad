import { setImmediate } from 'node:timers/promises';

/** Longest run without a turn for the event loop, in ms. */
const SLICE_MS = 4;

/** Keeps a long search from holding up everything else. */
export interface Pacer {
  /** Whether the time is up. */
  over(): boolean;
  /** Whether the event loop is owed a turn. */
  due(): boolean;
  turn(): Promise<void>;
}

/** A pacer for work that may take `ms`. */
export function pacer(ms = Infinity, sliceMs = SLICE_MS): Pacer {
  const end = performance.now() + ms;
  let slice = performance.now() + sliceMs;
  return {
    over: () => performance.now() > end,
    due: () => performance.now() > slice,
    async turn() {
      await setImmediate();
      slice = performance.now() + sliceMs;
    },
  };
}
