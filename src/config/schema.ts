import { z } from 'zod';
import type { Plugin } from '../hooks.js';
import { DURATION, parseDuration } from '../sys/duration.js';
import { nearest } from '../sys/nearest.js';
import type { Flag } from './option.js';
import { configOptions } from './options.js';

const pluginReference = z.union([
  z.string().min(1),
  z.tuple([z.string().min(1), z.unknown()]),
  z.custom<Plugin>(isPlugin).meta({ type: 'object', description: 'a plugin: in code only' }),
]);

/** Whether a value has what a plugin needs: a name and `apply`. */
export function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { name, apply } = value as Partial<Plugin>;
  return typeof name === 'string' && name !== '' && typeof apply === 'function';
}

/** The zod schema of one option's value, as it comes from a config file or, made a number where it is one, from a flag. */
export function schemaOf(option: Flag): z.ZodType {
  switch (option.kind) {
    case 'boolean':
      return z.boolean();
    case 'text':
      return z.string().min(1);
    case 'targets':
      return z.array(z.string().min(1));
    case 'plugins':
      return z.array(pluginReference);
    case 'integer':
      return z
        .int()
        .min(option.min)
        .max(option.max ?? Number.MAX_SAFE_INTEGER);
    case 'choice':
      return z.enum(option.choices as [string, ...string[]]);
    case 'duration':
      return durationSchema(option);
  }
}

function durationSchema({ min, max, auto }: Extract<Flag, { kind: 'duration' }>): z.ZodType {
  const text = z
    .string()
    .regex(DURATION)
    .refine(value => inRange(parseDuration(value), min, max));
  const number = z.number().min(min).max(max);
  return auto ? z.union([z.literal('auto'), number, text]) : z.union([number, text]);
}

function inRange(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max;
}

/** What an option takes, in words, for an error: `allowed: …`. */
export function allowed(option: Flag): string {
  switch (option.kind) {
    case 'boolean':
      return 'true or false';
    case 'text':
      return 'a text';
    case 'targets':
      return 'a list of targets such as "192.168.1.1:53/udp"';
    case 'plugins':
      return 'a list of plugins: each a name, a path, [name, options] or a plugin';
    case 'integer':
      return `a whole number from ${option.min}${option.max === undefined ? '' : ` to ${option.max}`}`;
    case 'choice':
      return option.choices.join(', ');
    case 'duration':
      return `${option.auto ? 'auto, ' : ''}milliseconds or a duration such as 60ms, 0.5s, 10m, from ${option.min}ms to ${longest(option.max)}`;
  }
}

/** What was probably meant by a word that is no choice. */
export function meant(option: Flag, found: unknown): string | undefined {
  if (option.kind !== 'choice' || typeof found !== 'string') return undefined;
  return nearest(found, option.choices);
}

function longest(milliseconds: number): string {
  const days = milliseconds / 86_400_000;
  return days >= 1 ? `${days}d` : `${milliseconds / 1000}s`;
}

/** The schema of a whole config file: no key beyond those of the table, and `$schema` for editors. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  ...Object.fromEntries(
    Object.entries(configOptions).map(([key, option]) => [
      key,
      schemaOf(option).optional().describe(option.docs),
    ]),
  ),
});
