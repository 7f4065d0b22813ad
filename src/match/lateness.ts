/** Tells how late the journal has a line. */
export interface Lateness {
  /**
   * How much later than usual a line was received, in µs; 0 where that is no longer than any line may take.
   * @param said when the kernel said it, on its own clock
   * @param received when journald received it, in µs of CLOCK_MONOTONIC
   */
  of(said: number, received: number): number;
}

/** Lines are expected to take as long as the quickest of this time did, in µs. */
const WINDOW_US = 10_000_000;
/** So far the kernel's clock for its log (printk) drifts from CLOCK_MONOTONIC at the most, as a share of the time. */
const DRIFT = 0.001;
/** What is no later than this is as usual, in µs. */
const USUAL_US = 100_000;

/** Starts to compare: the first line counts as in time. */
export function openLateness(): Lateness {
  let quickest = Infinity;
  let before = Infinity;
  let windowEnds = 0;
  let last = 0;

  return {
    of(said, received) {
      const passed = Math.max(0, received - last) * DRIFT;
      last = Math.max(last, received);
      before += passed;
      quickest += passed;
      if (received > windowEnds) {
        if (quickest !== Infinity) before = quickest;
        quickest = Infinity;
        windowEnds = received + WINDOW_US;
      }
      const took = received - said;
      quickest = Math.min(quickest, took);
      const late = took - Math.min(quickest, before);
      return late > USUAL_US ? Math.round(late) : 0;
    },
  };
}
