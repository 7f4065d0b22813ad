import { z } from 'zod';
import { failure } from '../errors.js';
import type { Plugin, PluginLimits } from '../hooks.js';

/** What a plugin may use up when it does not say. */
const DEFAULT_LIMITS: PluginLimits = { timeoutMs: 5000, concurrency: 4, queue: 100 };

/** A timer's longest time in ms: a signed 32-bit number. */
const LONGEST_TIMER = 2_147_483_647;

const shape = z.object({
  name: z.string().regex(/^[\w@][\w@./-]*$/, 'letters, digits and @ . _ / - only'),
  limits: z
    .strictObject({
      timeoutMs: z.int().min(1).max(LONGEST_TIMER).optional(),
      concurrency: z.int().min(1).optional(),
      queue: z.int().min(1).optional(),
    })
    .optional(),
  apply: z.custom(value => typeof value === 'function', 'not a function'),
});

/**
 * Refuses what is not a plugin: it may come from anybody's module.
 * @throws PTRAP_E_PLUGIN_INVALID for a wrong shape, PTRAP_E_PLUGIN_DUPLICATE for a name that is taken
 */
export function checkPlugins(plugins: readonly Plugin[]): void {
  const names = new Set<string>();
  for (const [index, plugin] of plugins.entries()) {
    const { error } = shape.safeParse(plugin);
    const name = (plugin as Plugin | undefined)?.name;
    if (error) {
      const [issue] = error.issues;
      const problem = [...(issue?.path ?? []).map(String), issue?.message].join(': ');
      throw failure(
        'PTRAP_E_PLUGIN_INVALID',
        typeof name === 'string' ? name : `number ${index + 1}`,
        problem,
      );
    }
    if (names.has(plugin.name)) throw failure('PTRAP_E_PLUGIN_DUPLICATE', plugin.name);
    names.add(plugin.name);
  }
}

/** A plugin's limits, with the defaults for what it leaves open. */
export function limitsOf({ limits = {} }: Plugin): PluginLimits {
  return {
    timeoutMs: limits.timeoutMs ?? DEFAULT_LIMITS.timeoutMs,
    concurrency: limits.concurrency ?? DEFAULT_LIMITS.concurrency,
    queue: limits.queue ?? DEFAULT_LIMITS.queue,
  };
}
