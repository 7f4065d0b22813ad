/** How far the steady clock may be from the wall clock before it is set anew, in ms. */
const DRIFT_MS = 2;

/** A clock that tells microseconds since the epoch and follows the wall clock when that is set. */
export function openClock(): () => number {
  let origin = performance.timeOrigin;
  return () => {
    const steady = performance.now();
    const wall = Date.now();
    if (Math.abs(origin + steady - wall) > DRIFT_MS) origin = wall - steady;
    return Math.floor((origin + steady) * 1000);
  };
}

/** ISO 8601 with microseconds, UTC, from a decimal count of microseconds since the epoch. */
export function isoTime(microseconds: string): string {
  const milliseconds = Math.floor(Number(microseconds) / 1000);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${microseconds.slice(-3)}Z`;
}
