/** Draws by lot, the same for the same seed. */
export interface Lots {
  /** A number of at least 0 and less than 1. */
  fraction(): number;
  /** One of them. */
  one<Item>(of: readonly Item[]): Item;
}

/** Opens a source of lots (splitmix32). */
export function openLots(seed: number): Lots {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }
  return { fraction, one: of => of[Math.floor(fraction() * of.length)]! };
}
