import type { Readable } from 'node:stream';
import type { Seen, Sighting } from './join.js';

/** What a tool has printed, line by line; a line's time is when the piece arrived that brought its end. */
export interface Lines {
  /** When anything last arrived; 0 before. */
  last(): number;
  /** The newest line that matches. */
  find(pattern: RegExp): string | undefined;
  /** The sightings of lines that arrived at this time or later. */
  since(time: number): Seen[];
}

/** The clock of all that is joined here: CLOCK_MONOTONIC, in ms. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** So long the clocks are compared, in ms. */
const COMPARED_MS = 10;

/** How far the wall clock is ahead of CLOCK_MONOTONIC, in ms, to a few µs: cut milliseconds and interruptions show less. */
export function wallAhead(): number {
  let ahead = -Infinity;
  for (const over = now() + COMPARED_MS; now() < over; ahead = Math.max(ahead, Date.now() - now()));
  return ahead;
}

/** Reads along; what lines say is looked at later, for it takes time that the tool may need. */
export function readLines(
  stream: Readable | undefined,
  parse: (line: string) => Sighting | undefined,
): Lines {
  const lines: { at: number; text: string }[] = [];
  const seen: Seen[] = [];
  let [rest, last, looked] = ['', 0, 0];

  stream?.setEncoding('utf8').on('data', (text: string) => {
    last = now();
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const part of parts) lines.push({ at: last, text: part });
  });

  return {
    last: () => last,
    find: pattern => lines.findLast(({ text }) => pattern.test(text))?.text,
    since(time) {
      for (; looked < lines.length; looked += 1) {
        const { at, text } = lines[looked]!;
        const sighting = parse(text);
        if (sighting) seen.push({ ...sighting, at });
      }
      return seen.slice(seen.findLastIndex(({ at }) => at < time) + 1);
    },
  };
}
