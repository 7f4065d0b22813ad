/** A map that stays small: what has not been set for long goes. */
export interface Recent<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
}

/** How much a Recent remembers, and for how long at least, in ms of its monotonic clock. */
export interface RecentOptions {
  most: number;
  forMs: number;
  now: () => number;
}

/**
 * Remembers at most `most` keys; of those set in the last `forMs` at least the last half of `most`. In two
 * generations, so that each step is short: a Map that loses its first keys one by one steps over all that are gone.
 */
export function openRecent<Value>({ most, forMs, now }: RecentOptions): Recent<Value> {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  let begun = now();
  return {
    get: key => young.get(key) ?? old.get(key),
    set(key, value) {
      const at = now();
      if (young.size >= most / 2 || at - begun >= forMs) {
        old = young;
        young = new Map();
        begun = at;
      }
      young.set(key, value);
    },
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
  };
}
