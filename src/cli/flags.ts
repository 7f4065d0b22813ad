import type { Flags } from '../config/merge.js';
import type { Flag, Option } from '../config/option.js';
import { cliOptions, options } from '../config/options.js';
import { targetTexts } from '../config/target-flags.js';
import { requireValue } from '../config/validate.js';
import { failure } from '../errors.js';
import type { Asked, Values } from './arguments.js';

/** The flags of `ptrap watch` with their values checked. */
export interface WatchFlags {
  flags: Flags;
  /** A file; false for `--no-config`; undefined to go and find one. */
  configFile: string | false | undefined;
}

/**
 * Checks each value given on the command line, and makes targets of what was spelt `-i`, `-p`, `-t`, `-u`.
 * @throws PTRAP_E_VALUE, PTRAP_E_OPTION, PTRAP_E_TARGET
 */
export function readFlags({ targets, values }: Asked<'watch'>): WatchFlags {
  const settings = Object.entries(options)
    .filter(([, option]) => !('positional' in option))
    .map(([key, option]) => [key, valueOf(option, values)] as const);
  const texts = targetTexts(targets, {
    ip: once(cliOptions.ip, values),
    port: once(cliOptions.port, values),
    tcp: valueOf(cliOptions.tcp, values) as boolean | undefined,
    udp: valueOf(cliOptions.udp, values) as boolean | undefined,
  });
  return {
    flags: { ...Object.fromEntries(settings), ...(texts.length > 0 && { targets: texts }) },
    configFile:
      values['config'] === false ? false : (valueOf(cliOptions.config, values) as string | undefined),
  };
}

/**
 * The checked value of a flag; of a repeated one the last counts, a list keeps them all.
 * @throws PTRAP_E_VALUE, PTRAP_E_OPTION
 */
export function valueOf(option: Flag, values: Values): unknown {
  const given = [values[option.flag]].flat();
  const last = given.at(-1);
  if (last === undefined) return undefined;
  if (option.kind === 'boolean') return last;
  if (given.includes(false)) throw failure('PTRAP_E_OPTION', `--no-${option.flag}`, `--${option.flag}`);
  const checked = given.map(text => requireValue(option, text as string));
  return option.kind === 'plugins' ? checked : checked.at(-1);
}

/** A second `-i` or `-p` cannot be told from a mistake. */
function once(option: Option, values: Values): string | undefined {
  if (Array.isArray(values[option.flag])) {
    throw failure(
      'PTRAP_E_VALUE',
      `--${option.flag}`,
      'it twice',
      'one; for several targets: ptrap watch A B',
    );
  }
  return valueOf(option, values) as string | undefined;
}
