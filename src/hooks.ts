import {
  AsyncParallelHook,
  AsyncSeriesBailHook,
  AsyncSeriesHook,
  AsyncSeriesWaterfallHook,
  SyncBailHook,
  SyncHook,
} from 'tapable';
import type { Flow, Ready, Resolution, Sighting, Summary } from './events.js';

/** A packet that passed one of the instance's rules, before anyone knows who sent it. */
export interface Match {
  /** The target it matched, in canonical text. */
  target: string;
  /** When the packet was seen: ISO 8601 with microseconds, UTC. */
  at: string;
  flow: Flow;
}

/** What an asynchronous tap is given beside its subject. */
export interface HookContext {
  /** Aborted when the tap's timeout has passed, its plugin is disabled, or ptrap ends. */
  signal: AbortSignal;
  /**
   * For `resolve` and `enrich`: what the packet carries after its transport header, as far as the source keeps it
   * (2048 bytes); a copy of the tap's own. Undefined in other hooks, and where the source does not see it (`journal`).
   */
  payload: Uint8Array | undefined;
}

/** A failure of one plugin; it harms nothing but that plugin. */
export interface PluginFailure {
  plugin: string;
  hook: string;
  /** `threw` and `timeout` are counted towards `disabled`; `overflow`: its queue was full and a sighting was not delivered. */
  kind: 'threw' | 'timeout' | 'overflow' | 'disabled';
  message: string;
}

export type Hooks = ReturnType<typeof createHooks>;

/** The hooks of one instance, in the order in which they run. The object is frozen: a misspelt hook throws. */
export function createHooks() {
  return Object.freeze({
    /** Rules and hold are in place and the source has proven itself. */
    armed: new AsyncSeriesHook<[Ready, HookContext]>(['ready', 'context']),
    /** A match came; return `false` to drop it before it is resolved. */
    accept: new SyncBailHook<[Match], boolean | undefined>(['match']),
    /** Who owns it; the first answer wins, ptrap's own resolver comes last. */
    resolve: new AsyncSeriesBailHook<[Match, HookContext], Resolution | undefined>(['match', 'context']),
    /** Add notes: return the sighting with them. */
    enrich: new AsyncSeriesWaterfallHook<[Sighting, HookContext]>(['sighting', 'context']),
    /** Independent sinks, all at once; never awaited by the match loop. */
    report: new AsyncParallelHook<[Sighting, HookContext]>(['sighting', 'context']),
    /** The summary, before teardown. */
    done: new AsyncSeriesHook<[Summary, HookContext]>(['summary', 'context']),
    /** A plugin threw, timed out, overflowed or was disabled. */
    pluginFailed: new SyncHook<[PluginFailure]>(['failure']),
  });
}

/** What a plugin may use up. */
export interface PluginLimits {
  /** Longest run of one tap, in ms. Default 5000; once the end was asked for, 5000 for `done` and 2000 for others at the most. */
  timeoutMs: number;
  /** How many `report` taps of this plugin run at once. Default 4. */
  concurrency: number;
  /** How many sightings may wait for this plugin before the newest are dropped and counted. Default 100. */
  queue: number;
}

/** What a plugin sees of the instance that it is applied to. */
export interface Trap {
  readonly hooks: Hooks;
  readonly instance: string;
  /** Prints text meant for a person: on stdout, or on stderr where stdout carries JSON. Control characters are escaped. */
  print(text: string): void;
  /** Says something on stderr, with the plugin's name before it. */
  log(text: string): void;
}

/** A plugin: a name and one `apply`, which taps the hooks it needs and may return what is to be disposed of at the end. */
export interface Plugin {
  readonly name: string;
  readonly limits?: Partial<PluginLimits>;
  apply(trap: Trap): void | AsyncDisposable | Promise<void | AsyncDisposable>;
}
