import { setTimeout as sleep } from 'node:timers/promises';
import type { Summary } from '../events.js';
import { onEndingSignal } from './signals.js';
import { onStray } from './stray.js';

type Reason = Summary['reason'];

/** How long what goes on after a failure may take to notice it, in ms. */
const PATIENCE_MS = 30_000;

/** Why and when an instance ends. */
export interface Stop extends Disposable {
  /** Asks for the end; the first reason counts. */
  ask(reason: Reason): void;
  /** Asks for the end because of an error, which is to be thrown once everything is undone. */
  fail(error: unknown): void;
  /** Settles with the reason once somebody has asked. */
  readonly asked: Promise<Reason>;
  /** Asks for the end, for reason `for`, once so many milliseconds have passed. */
  after(ms: number): void;
  /** Lets exceptions that nobody caught pass where `isForgiven` says so: a plugin's own. All others are failures. */
  forgive(isForgiven: (error: unknown) => boolean): void;
  /** Throws the error that `fail` was given, if any. */
  rethrow(): void;
  /** What `work` gives; rejects once `fail` is called, and what `work` was at then is over: only then can that be undone. */
  orFail<T>(work: Promise<T>): Promise<T>;
}

/** Listens for everything that ends an instance from outside: signals, a closed stdout, an uncaught exception. */
export function openStop(closed: AbortSignal): Stop {
  let failed: { error: unknown } | undefined;
  let settle: (reason: Reason) => void;
  let reject: (error: unknown) => void;
  const asked = new Promise<Reason>(resolve => (settle = resolve));
  const failure = new Promise<never>((_, refuse) => (reject = refuse));
  failure.catch(() => undefined); // told through `rethrow` where nobody waits for it

  const ask = (reason: Reason): void => settle(reason); // a promise settles once
  const signals = onEndingSignal(() => ask('signal'));
  let timer: NodeJS.Timeout | undefined;
  closed.addEventListener('abort', () => ask('signal'));
  if (closed.aborted) ask('signal');

  const fail = (error: unknown): void => {
    failed ??= { error };
    reject(error);
    ask('error');
  };
  let isForgiven = (_error: unknown): boolean => false;
  const strays = onStray(error => isForgiven(error), fail);

  return {
    ask,
    fail,
    after(ms) {
      timer = setTimeout(ask, ms, 'for');
    },
    forgive(judge) {
      isForgiven = judge;
    },
    asked,
    rethrow() {
      if (failed) throw failed.error;
    },
    async orFail(work) {
      try {
        return await Promise.race([work, failure]);
      } catch (error) {
        const given = sleep(PATIENCE_MS, undefined, { ref: false });
        await Promise.race([Promise.allSettled([work]), given]);
        throw error;
      }
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signals[Symbol.dispose]();
      strays[Symbol.dispose]();
    },
  };
}
