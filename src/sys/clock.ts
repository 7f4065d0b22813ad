/** How far the steady clock may be from the wall clock before it is set anew, in ms. */
const DRIFT_MS = 2;

/** What runs between two readings in a row, in ms, is something else. */
const INTERRUPTED_MS = 0.5;
const MOST_TRIES = 10;

/** Both clocks at one time, in ms: that of performance.now(), and the wall clock, which is cut to the millisecond. */
export function readClocks(): { steady: number; wall: number } {
  for (let tries = 1; ; tries += 1) {
    const steady = performance.now();
    const wall = Date.now();
    if (performance.now() - steady < INTERRUPTED_MS || tries === MOST_TRIES) return { steady, wall };
  }
}

/** A clock that tells microseconds since the epoch and follows the wall clock when that is set. */
export function openClock(): () => number {
  let origin = performance.timeOrigin;
  return () => {
    const { steady, wall } = readClocks();
    if (Math.abs(origin + steady - wall) > DRIFT_MS) origin = wall - steady;
    return Math.floor((origin + steady) * 1000);
  };
}

/** ISO 8601 with microseconds, UTC, from a decimal count of microseconds since the epoch. */
export function isoTime(microseconds: string): string {
  const milliseconds = Math.floor(Number(microseconds) / 1000);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${microseconds.slice(-3)}Z`;
}
