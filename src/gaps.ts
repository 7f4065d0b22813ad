/** What ptrap could not see or hold for a time. */
export interface Gaps {
  /** Says it on stderr, and keeps it for the summary. */
  tell(line: string): void;
  /** What was told so far, in order. */
  readonly told: readonly string[];
}

/** The summary tells no more than so many. */
const MOST = 100;

/** Starts with none. */
export function openGaps(say: (line: string) => void): Gaps {
  const told: string[] = [];
  return {
    told,
    tell(line) {
      say(line);
      if (told.length < MOST) told.push(line);
    },
  };
}
