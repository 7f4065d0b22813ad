/** Characters that may wait. */
const MOST_WAITING = 4 * 1024 * 1024;

/** What is to be done when the table no longer has the terminal, in order. */
export interface Later {
  /** Keeps it, or drops and counts it where texts of too many characters wait already. */
  add(characters: number, act: () => void): void;
  /** Does all of it. */
  run(): void;
  dropped(): number;
}

/** Opens one where nothing waits. */
export function openLater(): Later {
  let waiting: (() => void)[] = [];
  let length = 0;
  let dropped = 0;
  return {
    dropped: () => dropped,
    add(characters, act) {
      if (length > MOST_WAITING) {
        dropped += 1;
        return;
      }
      length += characters;
      waiting.push(act);
    },
    run() {
      const acts = waiting;
      waiting = [];
      length = 0;
      for (const act of acts) act();
    },
  };
}
