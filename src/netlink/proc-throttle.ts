import type { Readable } from 'node:stream';

/** As many pieces as this in a span of so many ms, and what comes next is read together after a pause: to be woken for one costs as much as to read a hundred messages. */
const MOST_PIECES = 6;
const SPAN_MS = 20;
const PAUSE_MS = 8;

/** Keeps a stream of very many small pieces from waking us for each of them; where few come, none waits. */
export function throttle(stream: Readable): void {
  let [pieces, spanEnds] = [0, 0];
  stream.on('data', () => {
    const now = performance.now();
    if (now > spanEnds) [pieces, spanEnds] = [0, now + SPAN_MS];
    pieces += 1;
    if (pieces < MOST_PIECES) return;
    stream.pause();
    setTimeout(() => stream.resume(), PAUSE_MS).unref();
  });
}
