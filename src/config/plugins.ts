import { resolve } from 'node:path';
import { failure, PtrapError } from '../errors.js';
import type { Plugin } from '../hooks.js';
import { nearest } from '../sys/nearest.js';
import { loadDefault, reasonOf } from './modules.js';
import type { PluginReference } from './options.js';
import { isPlugin } from './schema.js';

type Factory = (options?: unknown) => unknown;

/**
 * Turns what a config or `--plugin` names into plugins, in the given order. A path is taken from `folder`.
 * @throws PTRAP_E_PLUGIN, PTRAP_E_PLUGIN_LOAD, PTRAP_E_UNTRUSTED
 */
export async function loadPlugins(references: readonly PluginReference[], folder: string): Promise<Plugin[]> {
  const plugins: Plugin[] = [];
  for (const reference of references) {
    if (isPlugin(reference)) plugins.push(reference);
    else if (typeof reference === 'string') plugins.push(await loadPlugin(reference, folder));
    else plugins.push(await loadPlugin(reference[0], folder, reference[1]));
  }
  return plugins;
}

async function loadPlugin(reference: string, folder: string, options?: unknown): Promise<Plugin> {
  const isPath = reference.includes('/') || /\.[cm]?[jt]s$/.test(reference);
  const made = isPath ? await fromPath(reference, folder) : await builtIn(reference);
  try {
    const plugin = typeof made === 'function' ? (made as Factory)(options) : made;
    if (isPlugin(plugin)) return plugin;
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    throw failure('PTRAP_E_PLUGIN_LOAD', reference, reasonOf(error));
  }
  throw failure('PTRAP_E_PLUGIN_LOAD', reference, 'its default export is not a plugin');
}

async function fromPath(reference: string, folder: string): Promise<unknown> {
  try {
    return await loadDefault(resolve(folder, reference));
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    throw failure('PTRAP_E_PLUGIN_LOAD', reference, reasonOf(error));
  }
}

async function builtIn(name: string): Promise<unknown> {
  const { byName } = await import('../../plugins/index.js');
  if (Object.hasOwn(byName, name)) return (byName as Record<string, Factory>)[name];
  const known = Object.keys(byName);
  throw failure('PTRAP_E_PLUGIN', name, nearest(name, known), known);
}
