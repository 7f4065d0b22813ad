/** Does something soon after it was asked for, but not too often. */
export interface Pace {
  /** Asks for it: at once, or once `everyMs` have passed since the last time. */
  ask(): void;
  /** Asks for it once `ms` have passed; a later call takes the place of an earlier one. */
  askIn(ms: number): void;
  stop(): void;
}

/** Opens one that rests: without `ask` there is no timer. */
export function openPace(act: () => void, everyMs: number, now = () => performance.now()): Pace {
  let last = -Infinity;
  let soon: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  let isStopped = false;

  function run(): void {
    soon = undefined;
    last = now();
    act();
  }
  function ask(): void {
    if (isStopped || soon !== undefined) return;
    soon = setTimeout(run, Math.max(0, last + everyMs - now()));
  }
  return {
    ask,
    askIn(ms) {
      clearTimeout(later);
      later = setTimeout(ask, ms);
    },
    stop() {
      isStopped = true;
      clearTimeout(soon);
      clearTimeout(later);
    },
  };
}
