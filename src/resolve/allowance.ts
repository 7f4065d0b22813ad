/** A share of one core for some kind of work, of which so much may be saved up, in ms. */
export interface Allowance {
  share: number;
  savedMs: number;
}

/** Does such work, or leaves it where what is allowed has been used up: then it gives false. */
export type Afford = (work: () => unknown) => boolean;

/** Begins with all that may be saved up. */
export function openAllowance({ share, savedMs }: Allowance): Afford {
  let saved = savedMs;
  let countedAt = performance.now();
  return work => {
    const now = performance.now();
    saved = Math.min(savedMs, saved + (now - countedAt) * share);
    countedAt = now;
    if (saved <= 0) return false;
    work();
    saved -= performance.now() - now;
    return true;
  };
}
