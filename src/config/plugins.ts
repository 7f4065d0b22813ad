import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { failure, PtrapError } from '../errors.js';
import type { Plugin } from '../hooks.js';
import { nearest } from '../sys/nearest.js';
import { loadDefault, reasonOf } from './modules.js';
import type { PluginReference } from './options.js';
import { entryOf, findPlugin, installedPlugins } from './packages.js';
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
  const made = isPath(reference)
    ? await fromPath(reference, resolve(folder, reference))
    : await byName(reference, folder);
  try {
    const plugin = typeof made === 'function' ? (made as Factory)(options) : made;
    if (isPlugin(plugin)) return plugin;
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    throw failure('PTRAP_E_PLUGIN_LOAD', reference, reasonOf(error));
  }
  throw failure('PTRAP_E_PLUGIN_LOAD', reference, 'its default export is not a plugin');
}

/** A package of somebody's, `@somebody/name`, is named, too. */
function isPath(reference: string): boolean {
  return /^(?!@[^/]+\/[^/]+$).*\//.test(reference) || /\.[cm]?[jt]s$/.test(reference);
}

/** A file, or a folder whose package.json names one. */
async function fromPath(reference: string, path: string): Promise<unknown> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    return await loadDefault(isFolder ? await entryOf(path) : path);
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    throw failure('PTRAP_E_PLUGIN_LOAD', reference, reasonOf(error));
  }
}

/** One that comes with ptrap, or one that npm has installed. */
async function byName(name: string, folder: string): Promise<unknown> {
  const { byName: builtIn } = await import('../../plugins/index.js');
  if (Object.hasOwn(builtIn, name)) return (builtIn as Record<string, Factory>)[name];
  const installed = findPlugin(name, folder);
  if (installed !== undefined) return fromPath(name, installed);
  const known = [...new Set([...Object.keys(builtIn), ...installedPlugins(folder)])];
  throw failure('PTRAP_E_PLUGIN', name, nearest(name, known), known);
}
