/** What several runs gave: the smallest, the middle and the largest figure. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The figure below which this share (0 to 1) of the values lies (nearest rank); undefined where there are none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** Undefined where no run gave a figure. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const given = values.filter(value => value !== undefined).sort((a, b) => a - b);
  const [min, max] = [given[0], given.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const middle = (given.length - 1) / 2;
  const median = (given[Math.floor(middle)]! + given[Math.ceil(middle)]!) / 2;
  return { min, median, max };
}
