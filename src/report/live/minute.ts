/** How finely time is told, in ms: what was counted is forgotten between 55 and 60 s later. */
const SLOT_MS = 5000;
const SLOTS = 12;

/** How much was counted in the last minute. Its cost and its memory are constant. */
export interface Minute {
  /** Counts at a time: `now` is a monotonic clock, ms. */
  add(count: number, now: number): void;
  total(now: number): number;
}

/** Opens one in which nothing was counted. */
export function openMinute(): Minute {
  const slots = new Float64Array(SLOTS);
  let newest = 0;

  function forget(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    const passed = Math.min(slot - newest, SLOTS);
    for (let step = 1; step <= passed; step++) slots[(newest + step) % SLOTS] = 0;
    if (passed === SLOTS) slots.fill(0);
    newest = slot;
  }

  return {
    add(count, now) {
      forget(now);
      slots[newest % SLOTS]! += count;
    },
    total(now) {
      forget(now);
      return slots.reduce((sum, one) => sum + one, 0);
    },
  };
}
