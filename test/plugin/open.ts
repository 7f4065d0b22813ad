import type { Plugin, PluginFailure, Trap } from '../../src/hooks.js';
import { openPlugins, type PluginHost } from '../../src/plugin/host.js';

/** A host with what it said. */
export interface Opened {
  host: PluginHost;
  failures: PluginFailure[];
  printed: string[];
  logged: string[];
}

/** Opens plugins and keeps what they print, log and fail at. */
export async function open(...plugins: Plugin[]): Promise<Opened> {
  const failures: PluginFailure[] = [];
  const printed: string[] = [];
  const logged: string[] = [];
  const host = await openPlugins(plugins, {
    instance: 'k3v9qa',
    print: text => printed.push(text),
    log: (plugin, text) => logged.push(`${plugin}: ${text}`),
    failed: failure => failures.push(failure),
  });
  return { host, failures, printed, logged };
}

/** A plugin whose limits are those given. */
export function plugin(name: string, apply: (trap: Trap) => void, limits: Plugin['limits'] = {}): Plugin {
  return { name, limits, apply };
}
