/**
 * The known word most like a misspelt one: a third of its letters, at least two, may be wrong, or one of the two
 * goes on where the other ends. Undefined where nothing is near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return closest(word, known) ?? known.find(candidate => isBeginning(word, candidate));
}

/** So many letters say which word is meant. */
const TELLING = 3;

function isBeginning(word: string, candidate: string): boolean {
  const [short = '', long = ''] = [word.toLowerCase(), candidate.toLowerCase()].sort(
    (a, b) => a.length - b.length,
  );
  return short.length >= TELLING && long.startsWith(short);
}

function closest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  const ranked = known
    .map(candidate => ({ candidate, steps: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ steps, candidate }) => steps <= limit && steps < candidate.length)
    .sort((a, b) => a.steps - b.steps);
  return ranked[0]?.candidate;
}

/** Levenshtein distance: how many letters must be added, dropped or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
