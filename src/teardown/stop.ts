import type { Summary } from '../events.js';
import { onEndingSignal } from './signals.js';

type Reason = Summary['reason'];

/** Why and when an instance ends. */
export interface Stop extends Disposable {
  /** Asks for the end; the first reason counts. */
  ask(reason: Reason): void;
  /** Asks for the end because of an error, which is to be thrown once everything is undone. */
  fail(error: unknown): void;
  /** Settles with the reason once somebody has asked. */
  readonly asked: Promise<Reason>;
  /** The reason, once somebody has asked. */
  reason(): Reason | undefined;
  /** Throws the error that `fail` was given, if any. */
  rethrow(): void;
  /** What `work` gives; rejects as soon as `fail` is called. */
  orFail<T>(work: Promise<T>): Promise<T>;
}

/** Listens for everything that ends an instance from outside: signals, `--for` (ms), a closed stdout. */
export function openStop(forMs: number | undefined, closed: AbortSignal): Stop {
  let reason: Reason | undefined;
  let failed: { error: unknown } | undefined;
  let settle: (reason: Reason) => void;
  let reject: (error: unknown) => void;
  const asked = new Promise<Reason>(resolve => (settle = resolve));
  const failure = new Promise<never>((_, refuse) => (reject = refuse));
  failure.catch(() => undefined); // told through `rethrow` where nobody waits for it

  const ask = (why: Reason): void => {
    reason ??= why;
    settle(reason);
  };
  const signals = onEndingSignal(() => ask('signal'));
  const timer = forMs === undefined ? undefined : setTimeout(ask, forMs, 'for');
  closed.addEventListener('abort', () => ask('signal'));

  return {
    ask,
    fail(error) {
      failed ??= { error };
      reject(error);
      ask('error');
    },
    asked,
    reason: () => reason,
    rethrow() {
      if (failed) throw failed.error;
    },
    orFail: work => Promise.race([work, failure]),
    [Symbol.dispose]() {
      clearTimeout(timer);
      signals[Symbol.dispose]();
    },
  };
}
