import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { failure } from '../errors.js';
import { configText } from './config.js';
import { whyUntrusted, writeFiles } from './files.js';
import { pluginFiles } from './plugin.js';

/** What was asked for: nothing, for a config, or `plugin NAME`. */
export interface InitOptions {
  words: readonly string[];
  /** Overwrite what is there. */
  force: boolean;
  /** Where to write. */
  folder: string;
}

/**
 * Writes a config or a plugin to start from, and gives what to tell about it.
 * @throws PTRAP_E_INIT_WHAT, PTRAP_E_INIT_NAME, PTRAP_E_INIT_EXISTS, PTRAP_E_INIT_WRITE
 */
export async function init({ words, force, folder }: InitOptions): Promise<string[]> {
  const [what, name = '', ...rest] = words;
  if (what === undefined) return initConfig(folder, force);
  if (what !== 'plugin' || rest.length > 0) throw failure('PTRAP_E_INIT_WHAT', words.join(' '));
  return initPlugin(name, folder, force);
}

async function initConfig(folder: string, force: boolean): Promise<string[]> {
  const [file = ''] = await writeFiles(folder, { 'ptrap.config.ts': configText() }, force);
  return [
    `wrote ${file}`,
    ...(await warning(file)),
    '',
    'Set the targets in it, then, in this folder:',
    '  sudo ptrap watch',
  ];
}

async function initPlugin(name: string, folder: string, force: boolean): Promise<string[]> {
  const own = join(folder, name);
  const written = await writeFiles(own, pluginFiles(name), force);
  return [
    ...written.map(path => `wrote ${path}`),
    ...(await warning(join(own, 'index.ts'))),
    '',
    ...(seesPtrap(own) ? [] : ['Node does not find ptrap from there yet:', `  cd ${name} && npm link ptrap`]),
    'Test it, without root, then use it:',
    `  cd ${name} && npm test`,
    `  sudo ptrap watch 192.168.1.1:53/udp --plugin ./${name}`,
    'docs/plugins.md tells of every hook, and how to publish it.',
  ];
}

async function warning(file: string): Promise<string[]> {
  const why = await whyUntrusted(resolve(file));
  return why === undefined ? [] : ['', `As things are ptrap would not load it. ${why}`];
}

/** Whether `import 'ptrap'` works in that folder. */
function seesPtrap(folder: string): boolean {
  try {
    createRequire(join(resolve(folder), 'index.js')).resolve('ptrap/package.json');
    return true;
  } catch {
    return false;
  }
}
