/** What is known of the lines that the kernel has logged and nobody has read yet. */
export interface Backlog {
  /** Takes the counts of a moment (`now` in ms of a monotonic clock) and says what to make of the difference. */
  look(counts: { logged: number; read: number }, now: number): Outlook;
}

/** `none`: all is read, or given up; `due`: should come any moment; `late`: no hurry helps; `stuck`: likewise, for the first time in a while. */
export type Outlook = 'none' | 'due' | 'late' | 'stuck';

/** How long nothing may come before what is outstanding counts as stuck, in ms; doubled each time. */
const STUCK_MS = 250;

/** How long lines may be due without coming, in ms. */
const LATE_MS = 1000;

/** Lines that are outstanding all of this time are lost, in ms. */
const LOST_MS = 10_000;

/** Opens an account in which nothing is outstanding. */
export function createBacklog(): Backlog {
  let lost = 0;
  let fewest = Infinity;
  let fewestUntil = 0;
  let standstill = { read: -1, since: 0, stuckAt: 0 };

  /** Writes off what was never read in a whole stretch of time, whatever came and went beside it. */
  function writeOff(missing: number, now: number): void {
    lost = Math.min(lost, missing);
    fewest = Math.min(fewest, missing);
    if (now < fewestUntil) return;
    if (fewestUntil > 0) lost = fewest;
    fewest = missing;
    fewestUntil = now + LOST_MS;
  }

  return {
    look({ logged, read }, now) {
      const missing = Math.max(0, logged - read);
      writeOff(missing, now);
      if (missing <= lost) {
        standstill.read = -1;
        return 'none';
      }
      if (standstill.read !== read) standstill = { read, since: now, stuckAt: now + STUCK_MS };
      const ms = now - standstill.since;
      if (now >= standstill.stuckAt) {
        standstill.stuckAt = now + 2 * ms;
        return 'stuck';
      }
      return ms < LATE_MS ? 'due' : 'late';
    },
  };
}
