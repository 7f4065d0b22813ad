import type { HookContext, Hooks, Plugin, PluginFailure, Trap } from '../hooks.js';
import type { Sink } from '../report/dispatch.js';
import { sealed } from './answer.js';
import { createGuard, streak, type Guard } from './guard.js';
import { isolatedHooks, strictHooks } from './isolate.js';
import { limitsOf } from './valid.js';
import { createVoice } from './voice.js';

/** What the host needs from those who run it. */
export interface Services {
  instance: string;
  /** Prints text meant for a person; it escapes control characters. */
  print(text: string): void;
  /** Says something on stderr, with the plugin's name before it. */
  log(plugin: string, text: string): void;
  /** Hears of each failure of a plugin, before the plugins' own `pluginFailed` taps do. */
  failed(failure: PluginFailure): void;
  /** Settles when the end is asked for: from then on plugins may not take long. */
  ending?: Promise<unknown>;
}

/** One plugin of an instance, under guard. */
export interface Member {
  readonly guard: Guard;
  readonly hooks: Hooks;
  readonly sink: Sink;
  /** Lets the plugin tap its hooks; a failure disables it. */
  apply(): Promise<void>;
  /** Calls one of this plugin's hooks with the packet's payload, if any; undefined when there is no answer. Never rejects. */
  call: <Value>(
    hook: keyof Hooks,
    invoke: (hooks: Hooks, context: HookContext) => Promise<Value>,
    payload?: Uint8Array,
  ) => Promise<Value | undefined>;
  /** Disposes of what `apply` returned. Never rejects. */
  dispose(): Promise<void>;
}

type Applied = Awaited<ReturnType<Plugin['apply']>>;

/** Puts `plugin` under guard, without applying it yet; `tell` hears of its failures. */
export function createMember(
  plugin: Plugin,
  services: Services,
  tell: (failure: PluginFailure) => void,
): Member {
  const guard = createGuard(plugin.name, limitsOf(plugin), tell);
  const hooks = isolatedHooks(guard);
  const trap = createTrap(guard, hooks, services);
  let applied: Applied;

  const call: Member['call'] = async (hook, invoke, payload) => {
    if (guard.disabled.aborted) return undefined;
    try {
      return await invoke(hooks, { signal: guard.disabled, payload });
    } catch (error) {
      guard.fail(hook, 'threw', error, streak());
      return undefined;
    }
  };
  const dispose = async (what: Applied) => {
    if (what) await guard.run('dispose', () => what[Symbol.asyncDispose](), streak());
  };
  const apply = async () => {
    const made = await plugin.apply(trap);
    if (!guard.disabled.aborted) applied = made;
    else await dispose(made); // it took too long: nobody waits for this any more
  };

  return {
    guard,
    hooks,
    sink: createSink(guard, hooks, call, tell),
    call,
    apply: async () => guard.run('apply', apply, streak(1)),
    dispose: () => dispose(applied),
  };
}

function createTrap(guard: Guard, hooks: Hooks, services: Services): Trap {
  const now = () => performance.now();
  return Object.freeze({
    hooks: strictHooks(hooks),
    instance: services.instance,
    print: createVoice(guard, 'print', text => services.print(text), now),
    log: createVoice(guard, 'log', text => services.log(guard.plugin, text), now),
  });
}

function createSink(
  guard: Guard,
  hooks: Hooks,
  call: Member['call'],
  tell: (failure: PluginFailure) => void,
): Sink {
  return {
    limits: guard.limits,
    disabled: guard.disabled,
    wanted: () => hooks.report.taps.length > 0 && !guard.disabled.aborted,
    report: sighting => call('report', (hooks, context) => hooks.report.promise(sealed(sighting), context)),
    drop: count => guard.drop(count),
    tell: message => tell({ plugin: guard.plugin, hook: 'report', kind: 'overflow', message }),
    abort: () => guard.abort(),
  };
}
