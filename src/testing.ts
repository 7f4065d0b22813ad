import type { Ready, Resolution, Sighting, Summary } from './events.js';
import type { Plugin, PluginFailure } from './hooks.js';
import { openPlugins } from './plugin/host.js';
import { exampleReady, exampleSighting, exampleSummary, type Example } from './testing/examples.js';

export { exampleSighting, type Example } from './testing/examples.js';

/** What became of one packet that was shown to a plugin. */
export interface Shown {
  /** False: a tap of `accept` has dropped it, and nothing else was called. */
  accepted: boolean;
  /** What a tap of `resolve` has answered; undefined: none did, and ptrap's own answer was taken. */
  resolution: Resolution | undefined;
  /** The sighting with what the plugin has noted, as its `report` was given it. */
  sighting: Sighting;
}

/** A plugin under test, in the very host that runs plugins in `ptrap watch`: its timeouts, limits and checks count. */
export interface PluginTest extends AsyncDisposable {
  /** What the plugin has printed, text by text. */
  readonly printed: readonly string[];
  /** What it has logged, without its name. */
  readonly logged: readonly string[];
  /** What it has failed at: thrown, taken too long, answered with what cannot be used. */
  readonly failures: readonly PluginFailure[];
  /** Tells it that rules and hold are in place. */
  armed(ready?: Partial<Ready>): Promise<void>;
  /**
   * Shows it a packet: `accept`, `resolve`, `enrich` and `report`, one after the other, to the end of each.
   * @param example what is to be other than in the example; see {@link exampleSighting}
   * @param payload what the packet carries after its transport header
   */
  show(example?: Example, payload?: Uint8Array): Promise<Shown>;
  /** Tells it how it ended. */
  done(summary?: Partial<Summary>): Promise<void>;
  /** Disposes of what the plugin's `apply` returned. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Applies a plugin outside of a watch: no root, no kernel, no packet. Use it with `await using`, or dispose of it.
 * @throws PTRAP_E_PLUGIN_INVALID when it is not a plugin
 */
export async function testPlugin(plugin: Plugin): Promise<PluginTest> {
  const printed: string[] = [];
  const logged: string[] = [];
  const failures: PluginFailure[] = [];
  const host = await openPlugins([plugin], {
    instance: exampleReady.instance,
    print: text => printed.push(text),
    log: (_plugin, text) => logged.push(text),
    failed: failure => failures.push(failure),
  });

  async function show(example: Example = {}, payload?: Uint8Array): Promise<Shown> {
    const seen = exampleSighting(example);
    const { target, at, flow } = seen;
    const match = { target, at, flow };
    if (!host.accept(match)) return { accepted: false, resolution: undefined, sighting: seen };
    const resolution = await host.resolve(match, payload);
    const sighting = await host.enrich({ ...seen, resolution: resolution ?? seen.resolution }, payload);
    for (const sink of host.sinks) if (sink.wanted()) await sink.report(sighting);
    return { accepted: true, resolution, sighting };
  }

  return {
    printed,
    logged,
    failures,
    armed: ready => host.armed({ ...exampleReady, ...ready }),
    show,
    done: summary => host.done({ ...exampleSummary, ...summary }),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}
