import type { Plugin } from '../hooks.js';

/**
 * Gives a plugin, or a function that makes one from its options, its type; returns it unchanged. A function
 * is called by the user with options in the config, and without any where the plugin is only named.
 */
export function definePlugin<Options extends [options?: unknown]>(
  factory: (...options: Options) => Plugin,
): (...options: Options) => Plugin;
export function definePlugin(plugin: Plugin): Plugin;
export function definePlugin<Definition>(definition: Definition): Definition {
  return definition;
}
