import { readClocks } from '../sys/clock.js';

/** The wall clock against the one of performance.now(), to well under a millisecond. */
export interface WallClock {
  /** A time (ISO 8601, UTC) on the clock of performance.now(), or up to a millisecond later; NaN for what is no time. */
  local(iso: string): number;
  /** When it was last seen to have been set, on the clock of performance.now(). */
  setAt(): number;
}

/** Date.now() is cut to the millisecond: of many readings the highest is the best. They are kept so long, in ms. */
const WINDOW_MS = 10_000;
/** More than this, and it has been set, in ms. */
const STEP_MS = 5;

/** Starts to compare. */
export function openWallClock(): WallClock {
  let offset = -Infinity;
  let previous = -Infinity;
  let windowEnds = 0;
  let setAt = -Infinity;

  function compare(): void {
    const { steady: now, wall } = readClocks();
    const reading = wall - now;
    const best = Math.max(offset, previous);
    if (best !== -Infinity && Math.abs(reading - best) > STEP_MS) {
      setAt = now;
      offset = previous = -Infinity;
    }
    if (now > windowEnds) {
      previous = offset;
      offset = -Infinity;
      windowEnds = now + WINDOW_MS;
    }
    offset = Math.max(offset, reading);
  }

  return {
    local(iso) {
      compare();
      const [, microseconds = ''] = /\.\d{3}(\d{3})Z$/.exec(iso) ?? [];
      return Date.parse(iso) + Number(microseconds) / 1000 - Math.max(offset, previous);
    },
    setAt: () => setAt,
  };
}
