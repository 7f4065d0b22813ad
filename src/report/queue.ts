import type { Sighting } from '../events.js';
import type { Sink } from './dispatch.js';

/** While a queue overflows, it is told this often, in ms. */
const TELL_EVERY = 10_000;

/** The bounded queue before one sink. */
export interface Queue {
  push(sighting: Sighting): void;
  drain(deadlineMs: number): Promise<void>;
}

/** A first-in, first-out queue of `limits.queue` sightings, of which `limits.concurrency` are reported at once. */
export function openQueue(sink: Sink, now: () => number): Queue {
  const { concurrency, queue: room } = sink.limits;
  const losses = countLosses(sink, now);
  const waiting: Sighting[] = [];
  let running = 0;
  let closed = false;
  let idle: () => void = () => undefined;

  const next = () => {
    running -= 1;
    pump();
  };
  const pump = () => {
    while (running < concurrency && waiting.length > 0) {
      running += 1;
      sink.report(waiting.shift() as Sighting).then(next, next);
    }
    if (running === 0) idle();
  };
  const empty = () => waiting.splice(0).length;

  sink.disabled.addEventListener('abort', () => losses.add(empty(), 'the plugin was disabled'), {
    once: true,
  });

  return {
    push(sighting) {
      if (!sink.wanted()) return;
      if (closed) return losses.add(1, 'ptrap was ending');
      if (running >= concurrency && waiting.length >= room)
        return losses.add(1, `its queue of ${room} was full`);
      waiting.push(sighting);
      pump();
    },
    async drain(deadlineMs) {
      closed = true;
      const drained = new Promise<void>(resolve => (idle = resolve));
      const timer = setTimeout(() => idle(), deadlineMs);
      pump();
      await drained;
      clearTimeout(timer);
      const left = running + empty();
      losses.add(left, `not done ${deadlineMs} ms after the end`);
      if (left > 0) sink.abort();
      losses.tell();
    },
  };
}

/** Counts what was not delivered, and tells it at the start of a burst and then only now and then. */
function countLosses(sink: Sink, now: () => number) {
  let untold = 0;
  let toldAt = -Infinity;
  let why = '';
  const tell = () => {
    if (untold === 0) return;
    sink.tell(`${untold} sighting${untold === 1 ? '' : 's'} not delivered: ${why}`);
    untold = 0;
    toldAt = now();
  };
  return {
    tell,
    add(count: number, reason: string) {
      if (count === 0) return;
      if (reason !== why) tell();
      why = reason;
      sink.drop(count);
      untold += count;
      if (now() - toldAt >= TELL_EVERY) tell();
    },
  };
}
