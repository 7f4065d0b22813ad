import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** No config comes near it, in bytes. */
const MOST_BYTES = 1 << 24;

/**
 * Checks what is going to be read before anyone has asked whose it is: somebody else's pipe would be waited for without
 * end, a device or a giant file would fill the memory.
 * @throws PTRAP_E_CONFIG_LOAD
 */
function requireFiles(folder: string): void {
  for (const place of searchPlaces) {
    const file = join(folder, place);
    const found = look(file);
    if (!found || found.isDirectory()) continue;
    if (!found.isFile() || found.size > MOST_BYTES)
      throw failure('PTRAP_E_CONFIG_LOAD', file, 'it is no file of text');
  }
  if (dirname(folder) !== folder) requireFiles(dirname(folder));
}

function look(file: string) {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined; // not for us to see, or links in a circle: it cannot be read either
  }
}

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
 * @throws PTRAP_E_UNTRUSTED, PTRAP_E_CONFIG_LOAD, PTRAP_E_CONFIG, PTRAP_E_CONFIG_TARGET, PTRAP_E_CONFIG_KEY
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
    if (file === undefined) requireFiles(process.cwd());
    return file === undefined ? await explorer.search() : await explorer.load(file);
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    const { filepath } = error as { filepath?: string };
    throw failure('PTRAP_E_CONFIG_LOAD', filepath ?? file ?? 'the config file', reasonOf(error));
  }
}
