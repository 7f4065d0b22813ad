import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ownFolder } from '../sys/own-package.js';
import { requireTrusted } from './trust.js';

/** What npm packages that are plugins are called by: the plugin `foo` is the package `ptrap-plugin-foo`. */
export const PREFIX = 'ptrap-plugin-';

/** How a package tells its entry, as far as plugins do: of `exports` the text, or its `.` with or without conditions. */
const conditions = z.union([
  z.string(),
  z.looseObject({ import: z.string(), default: z.string().optional() }),
  z.looseObject({ import: z.string().optional(), default: z.string() }),
]);
const description = z.looseObject({
  exports: z.unknown().optional(),
  main: z.string().optional(),
});

/** Where npm puts packages for everybody: beside ptrap, if it is one of them, beside node, and where distributions do. */
function globalRoots(): string[] {
  const beside = dirname(resolve(ownFolder()));
  const roots = [
    ...(beside.endsWith('/node_modules') ? [beside] : []),
    resolve(dirname(process.execPath), '../lib/node_modules'),
    '/usr/local/lib/node_modules',
    '/usr/lib/node_modules',
  ];
  return [...new Set(roots)];
}

/** As node looks for packages: in `folder` and those above it; then the global ones. */
function rootsFrom(folder: string): string[] {
  const own = join(folder, 'node_modules');
  const above = dirname(folder);
  return above === folder ? [own, ...globalRoots()] : [own, ...rootsFrom(above)];
}

/** The folder of the installed package that has the plugin of this name, with or without its prefix; undefined: none has. */
export function findPlugin(name: string, folder: string): string | undefined {
  const [, scope = '', bare = ''] = /^(@[\w.-]+\/)?([\w.-]+)$/.exec(name) ?? [];
  if (bare === '') return undefined;
  const packageName = scope + (bare.startsWith(PREFIX) ? bare : PREFIX + bare);
  return rootsFrom(resolve(folder))
    .map(root => join(root, packageName))
    .find(found => existsSync(join(found, 'package.json')));
}

/** Names of the plugins that are installed as packages, without their prefix. */
export function installedPlugins(folder: string): string[] {
  const names = rootsFrom(resolve(folder))
    .filter(existsSync)
    .flatMap(root => readdirSync(root))
    .filter(name => name.startsWith(PREFIX));
  return [...new Set(names)].map(name => name.slice(PREFIX.length));
}

/**
 * The file that a package begins with, by its package.json, which must be as trusted as code is: it says what runs.
 * @throws PTRAP_E_UNTRUSTED; what reading it throws
 */
export async function entryOf(folder: string): Promise<string> {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) throw new Error('it has no package.json: name the very file');
  await requireTrusted(path);
  const { exports, main } = description.parse(JSON.parse(await readFile(path, 'utf8')));
  const entry =
    conditions.safeParse(exports).data ?? z.object({ '.': conditions }).safeParse(exports).data?.['.'];
  const file = typeof entry === 'string' ? entry : (entry?.import ?? entry?.default);
  return resolve(folder, file ?? main ?? 'index.js');
}
