import { inspect } from 'node:util';
import type { FullTap } from 'tapable';
import { failure } from '../errors.js';
import type { Sighting } from '../events.js';
import { createHooks, type HookContext, type Hooks } from '../hooks.js';
import { nearest } from '../sys/nearest.js';
import { readNotes, readResolution, readVerdict } from './answer.js';
import { streak, type Guard } from './guard.js';

type Callback = (error?: unknown, value?: unknown) => void;
type TapFunction = (subject: unknown, context?: HookContext, done?: Callback) => unknown;
type Read = (answer: unknown, subject: unknown) => unknown;

/**
 * The hooks as one plugin sees them: its own, so that whatever name it taps with and whenever it taps, what
 * goes wrong is known to be its doing, and no other plugin's tap is within its reach. Every tap is wrapped
 * at registration: it runs under `guard`, is a no-op once the plugin is disabled, and its answer is read
 * before it counts.
 */
export function isolatedHooks(guard: Guard): Hooks {
  const hooks = createHooks();
  const nothing: Read = () => undefined;
  const notes: Read = (answer, given) => readNotes(answer, given as Sighting, guard.plugin);
  const asynchronous = {
    armed: nothing,
    resolve: readResolution,
    enrich: notes,
    report: nothing,
    done: nothing,
  };
  for (const [name, read] of Object.entries(asynchronous) as [keyof typeof asynchronous, Read][]) {
    hooks[name].intercept({ register: tap => isolateAsync(guard, name, tap, read) });
  }
  hooks.accept.intercept({ register: tap => isolateSync(guard, 'accept', tap, readVerdict) });
  hooks.pluginFailed.intercept({ register: tap => isolateSync(guard, 'pluginFailed', tap, nothing) });
  return hooks;
}

function isolateAsync(guard: Guard, hook: string, tap: FullTap, read: Read): FullTap {
  const row = streak();
  const body = async (subject: unknown, context: HookContext) =>
    read(await call(tap, subject, context), subject);
  const fn = async (subject: unknown, { payload }: HookContext) => {
    if (guard.disabled.aborted) return undefined;
    // a typed array cannot be frozen: each tap has a copy
    const own = payload && new Uint8Array(payload);
    return guard.run(hook, signal => body(subject, { signal, payload: own }), row);
  };
  return { ...tap, type: 'promise', fn };
}

function isolateSync(guard: Guard, hook: string, tap: FullTap, read: Read): FullTap {
  const row = streak();
  const fn = (subject: unknown) =>
    guard.disabled.aborted
      ? undefined
      : guard.attempt(hook, () => read((tap.fn as TapFunction)(subject), subject), row);
  return { ...tap, fn };
}

/** Calls a tap of any of tapable's three kinds. */
function call(tap: FullTap, subject: unknown, context: HookContext): unknown {
  const fn = tap.fn as TapFunction;
  if (tap.type !== 'async') return fn(subject, context);
  return new Promise((resolve, reject) => {
    fn(subject, context, (error, value) => {
      if (error) reject(error instanceof Error ? error : new Error(inspect(error)));
      else resolve(value);
    });
  });
}

/** A view of the hooks in which asking for one that does not exist raises PTRAP_E_HOOK_UNKNOWN. */
export function strictHooks(hooks: Hooks): Hooks {
  return new Proxy(hooks, {
    get(target, name) {
      if (typeof name === 'string' && !Object.hasOwn(target, name)) {
        const known = Object.keys(target);
        throw failure('PTRAP_E_HOOK_UNKNOWN', name, nearest(name, known), known);
      }
      return Reflect.get(target, name) as unknown;
    },
  });
}
