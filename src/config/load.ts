import { dirname } from 'node:path';
import { cosmiconfig, defaultLoaders, type Loader } from 'cosmiconfig';
import { failure, PtrapError } from '../errors.js';
import { loadDefault, reasonOf } from './modules.js';
import type { Config } from './options.js';
import { requireTrusted } from './trust.js';
import { requireConfig } from './validate.js';

/** A config file's content, checked, and where it lay. */
export interface FoundConfig {
  config: Config;
  file: string;
  /** Folder that paths in the config are relative to. */
  folder: string;
}

/** In the order in which they are looked for in each folder. */
const searchPlaces = [
  ...['ts', 'js', 'mjs', 'json', 'yaml', 'yml'].map(extension => `ptrap.config.${extension}`),
  'package.json',
];

const code: Loader = async file => {
  const content = await loadDefault(file);
  if (content == null)
    throw failure('PTRAP_E_CONFIG', file, '', 'no default export', 'export default defineConfig({ … })');
  return content;
};

/** Data is no code, but it names commands and plugins that run as root: the same trust is asked for. */
const data =
  (parse: Loader): Loader =>
  async (file, content) => {
    const parsed: unknown = await parse(file, content);
    if (!/(^|\/)package\.json$/.test(file) || hasOurKey(parsed)) await requireTrusted(file);
    return parsed;
  };

function hasOurKey(parsed: unknown): boolean {
  return typeof parsed === 'object' && parsed !== null && 'ptrap' in parsed;
}

const loaders: Record<string, Loader> = {
  '.ts': code,
  '.js': code,
  '.mjs': code,
  '.cjs': code,
  '.json': data(defaultLoaders['.json']),
  '.yaml': data(defaultLoaders['.yaml']),
  '.yml': data(defaultLoaders['.yml']),
  noExt: data(defaultLoaders.noExt),
};

/**
 * cosmiconfig, at its creation, looks in the working directory for a config of its own and runs it
 * (`.config/config.js`), before anyone could ask whose it is. Root's `/` is the only folder it is shown.
 */
function createExplorer() {
  const cwd = process.cwd();
  process.chdir('/');
  try {
    return cosmiconfig('ptrap', { searchPlaces, loaders, stopDir: '/', cache: false });
  } finally {
    process.chdir(cwd);
  }
}

/**
 * Loads the config file `file`; without it the one that is found in the working directory, in a folder above
 * it, or as `config.ts`, `config.json`, … in `~/.config/ptrap`. Undefined when there is none.
 * @throws PTRAP_E_UNTRUSTED, PTRAP_E_CONFIG_LOAD, PTRAP_E_CONFIG, PTRAP_E_CONFIG_KEY
 */
export async function loadConfig(file?: string): Promise<FoundConfig | undefined> {
  const found = await find(file);
  if (!found && file === undefined) return undefined;
  if (!found)
    throw failure('PTRAP_E_CONFIG', file ?? '', '', 'nothing for ptrap', 'a key ptrap in package.json');
  const content: unknown = found.config;
  return {
    config: requireConfig(content, found.filepath),
    file: found.filepath,
    folder: dirname(found.filepath),
  };
}

async function find(file?: string) {
  const explorer = createExplorer();
  try {
    return file === undefined ? await explorer.search() : await explorer.load(file);
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    const { filepath } = error as { filepath?: string };
    throw failure('PTRAP_E_CONFIG_LOAD', filepath ?? file ?? 'the config file', reasonOf(error));
  }
}
