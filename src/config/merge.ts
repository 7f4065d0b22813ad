import { failure } from '../errors.js';
import { seesCalls } from '../match/source.js';
import { parseDuration } from '../sys/duration.js';
import { parseTarget } from '../target/parse.js';
import type { FoundConfig } from './load.js';
import { options, type Config } from './options.js';
import { loadPlugins } from './plugins.js';
import type { Settings } from './settings.js';

/** What the command line gave, checked: the keys of a config, and what only a flag can say. */
export type Flags = Config & { dryRun?: boolean | undefined };

/** Everything has a value, but durations may still be texts and plugins names. */
type Merged = Omit<Settings, 'delay' | 'for' | 'plugins'> & {
  delay: number | string;
  for: number | string | undefined;
};

const defaults = Object.fromEntries(Object.entries(options).map(([key, option]) => [key, option.default]));

/**
 * Flags over config file over defaults; a list from a flag replaces the file's. `-e` adds its plugin.
 * @param folder what the paths of `--plugin` are relative to
 * @throws PTRAP_E_NO_TARGET, PTRAP_E_TWO_HOLDS, PTRAP_E_NO_HOLD, PTRAP_E_TARGET, PTRAP_E_PLUGIN, PTRAP_E_PLUGIN_LOAD, PTRAP_E_UNTRUSTED,
 *   PTRAP_E_USER, PTRAP_E_USER_WITHOUT_COMMAND
 */
export async function mergeSettings(
  flags: Flags,
  found: FoundConfig | undefined,
  folder: string,
): Promise<Settings> {
  const given = { ...defaults, ...defined(found?.config ?? {}), ...defined(flags) } as Merged;
  if (given.targets.length === 0) throw failure('PTRAP_E_NO_TARGET');
  given.targets.forEach(parseTarget);
  if (given.hold === 'netem' && given.source === 'queue') throw failure('PTRAP_E_TWO_HOLDS', given.hold);
  if (given.hold === 'netem' && seesCalls(given.source)) throw failure('PTRAP_E_NO_HOLD', given.source);
  const plugins = flags.plugins
    ? await loadPlugins(flags.plugins, folder)
    : await loadPlugins(found?.config.plugins ?? [], found?.folder ?? folder);
  if (given.exec !== undefined) {
    const options = { command: given.exec, user: given.execUser };
    plugins.push(...(await loadPlugins([['exec', options]], folder)));
  } else if (flags.execUser !== undefined) throw failure('PTRAP_E_USER_WITHOUT_COMMAND');
  const delay = given.delay === 'auto' ? 'auto' : milliseconds(given.delay);
  return { ...given, plugins, delay, for: given.for === undefined ? undefined : milliseconds(given.for) };
}

/** Only the keys that have a value, so that an absent flag hides nothing. */
function defined(config: Flags): Flags {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

/** The schema has let only durations through. */
function milliseconds(value: number | string): number {
  return typeof value === 'number' ? value : (parseDuration(value) ?? NaN);
}
