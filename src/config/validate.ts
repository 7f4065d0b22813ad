import type { z } from 'zod';
import { failure, PtrapError } from '../errors.js';
import { nearest } from '../sys/nearest.js';
import { visible } from '../sys/text.js';
import { parseTarget } from '../target/parse.js';
import type { Flag } from './option.js';
import { configOptions, type Config, type ConfigKey } from './options.js';
import { allowed, configSchema, meant, schemaOf } from './schema.js';

/**
 * Checks what a config file holds, targets included.
 * @throws PTRAP_E_CONFIG, PTRAP_E_CONFIG_TARGET, PTRAP_E_CONFIG_KEY with the key's path, what was found and what is allowed
 */
export function requireConfig(content: unknown, file: string): Config {
  const result = configSchema.safeParse(content);
  const issue = result.error?.issues[0];
  if (issue) throw configFailure(issue, content, file);
  const config = result.data as Config;
  config.targets?.forEach((text, index) => {
    const problem = targetProblem(text);
    if (problem) throw failure('PTRAP_E_CONFIG_TARGET', file, `targets[${index}]`, found(text), problem.fix);
  });
  return config;
}

/**
 * Checks one option's value from the command line; a text that is a number counts as one.
 * @throws PTRAP_E_VALUE
 */
export function requireValue(option: Flag, text: string): unknown {
  const isNumeric = option.kind === 'integer' || option.kind === 'duration';
  const value = isNumeric && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  const whole = option.kind === 'plugins' ? [value] : value; // a flag gives a list one by one
  if (schemaOf(option).safeParse(whole).success) return value;
  throw failure(
    'PTRAP_E_VALUE',
    `--${option.flag}`,
    text === '' ? 'nothing' : found(text),
    allowed(option),
    meant(option, text),
  );
}

function configFailure(issue: z.core.$ZodIssue, content: unknown, file: string): Error {
  const [key] = issue.path;
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0] ?? '';
    const known = Object.keys(configOptions);
    return failure(
      'PTRAP_E_CONFIG_KEY',
      file,
      pathText([...issue.path, unknown]),
      nearest(unknown, known),
      known,
    );
  }
  if (key === undefined) return failure('PTRAP_E_CONFIG', file, '', found(content), 'an object with options');
  const option = configOptions[key as ConfigKey];
  const value = valueAt(content, issue.path);
  return failure(
    'PTRAP_E_CONFIG',
    file,
    pathText(issue.path),
    found(value),
    allowed(option),
    meant(option, value),
  );
}

/** `plugins[0]`, `limitPer`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown>)?.[step], content);
}

/** What was found, short enough for one line. */
function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number') return String(value); // JSON has no NaN and no Infinity
  const text = visible(JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function targetProblem(text: string): PtrapError | undefined {
  try {
    parseTarget(text);
    return undefined;
  } catch (error) {
    if (error instanceof PtrapError) return error;
    throw error;
  }
}
