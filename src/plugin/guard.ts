import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import type { PluginFailure, PluginLimits } from '../hooks.js';
import { timed, timeOut } from './timed.js';

/** Failures of one tap in a row after which its plugin is disabled. */
const STRIKES = 5;

const MAX_MESSAGE = 500;

/** What is called when all else has ended may take so long at the most, in ms. */
const LAST_MS = 5000;

/** What went wrong with one plugin; `dropped` counts sightings it was not given. */
export interface Tally {
  threw: number;
  timeouts: number;
  dropped: number;
  disabled: boolean;
}

/** Failures in a row of one tap, or of whatever else a plugin does. */
export interface Streak {
  failures: number;
  readonly allowed: number;
}

/** A new streak; it disables the plugin when it reaches `allowed`. */
export function streak(allowed = STRIKES): Streak {
  return { failures: 0, allowed };
}

/** Runs one plugin's code so that nothing it does harms anything else, and counts what goes wrong. */
export interface Guard {
  readonly plugin: string;
  readonly limits: PluginLimits;
  readonly tally: Readonly<Tally>;
  /** Aborted once the plugin is disabled. */
  readonly disabled: AbortSignal;
  /** Runs `body` with its own timeout and signal; undefined when it fails. Never rejects. */
  run<Value>(
    hook: string,
    body: (signal: AbortSignal) => Value | PromiseLike<Value>,
    row: Streak,
  ): Promise<Value | undefined>;
  /** Runs a synchronous `body`; undefined when it throws. */
  attempt<Value>(hook: string, body: () => Value, row: Streak): Value | undefined;
  /** Reports a failure, counts it, and disables the plugin when `row` is full. */
  fail(hook: string, kind: 'threw' | 'timeout' | 'overflow', cause: unknown, row: Streak): void;
  /** Counts sightings that the plugin was not given. */
  drop(count: number): void;
  disable(hook: string, message: string): void;
  /** Aborts all that is under way. */
  abort(): void;
  /** The end was asked for: what sightings wait for may take `ms` from now on, also what is under way. */
  hurry(ms: number): void;
}

const current = new AsyncLocalStorage<Guard>();

/** The guard of the plugin whose code is running, also in the timers and promises that it started. */
export function currentGuard(): Guard | undefined {
  return current.getStore();
}

/** The guard of one plugin; `tell` hears of each failure. */
export function createGuard(
  plugin: string,
  limits: PluginLimits,
  tell: (failure: PluginFailure) => void,
): Guard {
  const tally: Tally = { threw: 0, timeouts: 0, dropped: 0, disabled: false };
  /** Nothing waits for reports; those that are left in the end are aborted (see openDispatch). */
  const running = { report: new Set<AbortController>(), other: new Set<AbortController>() };
  const disabled = new AbortController();
  let hurriedMs = Infinity;

  function mostMs(hook: string): number {
    if (hook === 'report') return limits.timeoutMs;
    const most = hook === 'done' || hook === 'dispose' ? LAST_MS : hurriedMs;
    return Math.min(limits.timeoutMs, most);
  }

  const guard: Guard = {
    plugin,
    limits,
    tally,
    disabled: disabled.signal,
    async run(hook, body, row) {
      const most = mostMs(hook);
      const work = () => timed(body, most, hook === 'report' ? running.report : running.other);
      const outcome = await current.run(guard, work);
      if (outcome.kind === 'threw') guard.fail(hook, 'threw', outcome.error, row);
      if (outcome.kind === 'timeout') {
        guard.fail(hook, 'timeout', `no end within ${Math.min(most, mostMs(hook))} ms`, row);
      }
      if (outcome.kind !== 'ended') return undefined;
      row.failures = 0;
      return outcome.value;
    },
    attempt(hook, body, row) {
      try {
        const value = current.run(guard, body);
        row.failures = 0;
        return value;
      } catch (error) {
        guard.fail(hook, 'threw', error, row);
        return undefined;
      }
    },
    fail(hook, kind, cause, row) {
      if (kind === 'threw') tally.threw += 1;
      if (kind === 'timeout') tally.timeouts += 1;
      row.failures += 1;
      tell({ plugin, hook, kind, message: messageOf(cause) });
      if (row.failures >= row.allowed)
        guard.disable(hook, row.allowed === 1 ? 'it failed' : `it failed ${row.failures} times in a row`);
    },
    drop(count) {
      tally.dropped += count;
    },
    disable(hook, message) {
      if (tally.disabled) return;
      tally.disabled = true;
      disabled.abort();
      guard.abort();
      tell({ plugin, hook, kind: 'disabled', message });
    },
    abort() {
      for (const controller of [...running.report, ...running.other]) controller.abort();
    },
    hurry(ms) {
      hurriedMs = ms;
      setTimeout(() => running.other.forEach(timeOut), ms).unref();
    },
  };
  return guard;
}

function messageOf(cause: unknown): string {
  const text =
    cause instanceof Error ? String(cause.message) : typeof cause === 'string' ? cause : inspect(cause);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
