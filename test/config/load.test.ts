import { execFileSync } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';

let folder: string;
let home: string | undefined;
const cwd = process.cwd();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-load-'));
  home = process.env['XDG_CONFIG_HOME'];
  process.env['XDG_CONFIG_HOME'] = join(folder, 'home');
});

afterEach(async () => {
  process.chdir(cwd);
  if (home === undefined) delete process.env['XDG_CONFIG_HOME'];
  else process.env['XDG_CONFIG_HOME'] = home;
  await rm(folder, { recursive: true });
});

async function put(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text, { mode: 0o644 });
  return file;
}

const esm = `import { defineConfig } from 'ptrap';
import { byName } from 'ptrap/plugins';
export default defineConfig({ exec: Object.keys(byName).includes('exec') ? 'ps' : 'none' });
`;

const typescript = `import { defineConfig, type Config } from 'ptrap';
import { exec } from 'ptrap/plugins';
const config: Config = { plugins: [exec({ command: 'ps' })] };
export default defineConfig(config satisfies Config);
`;

describe('loadConfig', () => {
  it.each([
    ['ptrap.config.js', esm],
    ['ptrap.config.mjs', esm],
    ['ptrap.config.js', `module.exports = require('ptrap').defineConfig({ exec: 'ps' });`],
    ['ptrap.config.mjs', `await new Promise(resolve => setTimeout(resolve, 5));\n${esm}`],
    ['ptrap.config.json', '{ "exec": "ps" }'],
    ['ptrap.config.yaml', 'exec: ps\n'],
    ['ptrap.config.yml', '# who asks?\nexec: ps\n'],
    ['package.json', '{ "name": "x", "ptrap": { "exec": "ps" } }'],
  ])('loads %s from anywhere', async (name, text) => {
    const file = await put(name, text);
    expect(await loadConfig(file)).toEqual({ config: { exec: 'ps' }, file, folder });
  });

  it('loads ptrap.config.ts, with types and plugins of this installation', async () => {
    const file = await put('ptrap.config.ts', typescript);
    const found = await loadConfig(file);
    expect(found?.config.plugins).toEqual([expect.objectContaining({ name: 'exec' })]);
  });

  it('loads what a config imports beside it', async () => {
    await put('lib/targets.ts', `export const targets: string[] = ['1.1.1.1'];`);
    const file = await put(
      'ptrap.config.ts',
      `import { targets } from './lib/targets';\nexport default { targets };`,
    );
    expect((await loadConfig(file))?.config).toEqual({ targets: ['1.1.1.1'] });
  });

  it('finds the config in the working directory, else above it, the nearest first', async () => {
    await put('ptrap.config.json', '{ "limit": 1 }');
    await put('a/package.json', '{ "name": "no-key" }');
    await mkdir(join(folder, 'a/b'));
    process.chdir(join(folder, 'a/b'));
    expect((await loadConfig())?.config).toEqual({ limit: 1 });
    await put('a/ptrap.config.yaml', 'limit: 2');
    expect((await loadConfig())?.config).toEqual({ limit: 2 });
  });

  it("finds the caller's own defaults in ~/.config/ptrap last", async () => {
    await put('home/ptrap/config.json', '{ "limit": 3 }');
    process.chdir(folder);
    expect((await loadConfig())?.config).toEqual({ limit: 3 });
  });

  it('finds nothing where there is nothing', async () => {
    process.chdir(folder);
    expect(await loadConfig()).toBeUndefined();
  });

  it('runs nothing of a config that others may write to', async () => {
    const mark = join(folder, 'ran');
    const file = await put('ptrap.config.js', `require('fs').writeFileSync(${JSON.stringify(mark)}, '');`);
    await chmod(file, 0o666);
    await expect(loadConfig(file)).rejects.toMatchObject({ code: 'PTRAP_E_UNTRUSTED' });
    process.chdir(folder);
    await expect(loadConfig()).rejects.toMatchObject({ code: 'PTRAP_E_UNTRUSTED' });
    await expect(access(mark)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['ptrap.config.json', 'ptrap.config.yaml', 'package.json'])(
    'trusts data no more: %s',
    async name => {
      const file = await put(name, '{ "ptrap": {} }');
      await chmod(file, 0o666);
      await expect(loadConfig(file)).rejects.toMatchObject({ code: 'PTRAP_E_UNTRUSTED' });
    },
  );

  it('does not mind an untrusted package.json that says nothing to ptrap', async () => {
    await chmod(await put('package.json', '{ "name": "x" }'), 0o666);
    process.chdir(folder);
    expect(await loadConfig()).toBeUndefined();
  });

  it.each([
    ['a pipe', 'mkfifo', ['-m', '666']],
    ['a device', 'ln', ['-s', '/dev/zero']],
    ['a file without end', 'truncate', ['-s', '1T']],
  ])('neither waits for nor reads %s in the place of a config', async (_name, make, args) => {
    for (const name of ['ptrap.config.ts', 'ptrap.config.json', 'package.json']) {
      const file = join(folder, name);
      execFileSync(make, [...args, file]);
      await mkdir(join(folder, 'below'), { recursive: true });
      process.chdir(join(folder, 'below'));
      await expect(loadConfig()).rejects.toMatchObject({ code: 'PTRAP_E_CONFIG_LOAD' });
      await rm(file);
    }
  });

  it.each(['.config/config.js', '.config/config.cjs', 'package.json'])(
    'does not let cosmiconfig run or heed a config of its own in the working directory: %s',
    async name => {
      const mark = join(folder, 'ran');
      const text = name.endsWith('.json')
        ? '{ "cosmiconfig": { "searchPlaces": ["evil.json"] } }'
        : `require('fs').writeFileSync(${JSON.stringify(mark)}, '');`;
      await put(name, text);
      await put('evil.json', '{ "limit": 666 }');
      process.chdir(folder);
      expect(await loadConfig()).toBeUndefined();
      await expect(access(mark)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  it.each([
    [
      'ptrap.config.ts',
      'export default { limit: = 5 };',
      'PTRAP_E_CONFIG_LOAD',
      /cannot load .*ptrap.config.ts: ParseError/,
    ],
    [
      'ptrap.config.ts',
      `throw new Error('boom\\nbang');`,
      'PTRAP_E_CONFIG_LOAD',
      /ptrap.config.ts: boom bang;/,
    ],
    ['ptrap.config.ts', `import 'no-such-package';`, 'PTRAP_E_CONFIG_LOAD', /no-such-package/],
    [
      'ptrap.config.ts',
      `export const targets = [];`,
      'PTRAP_E_CONFIG',
      /found no default export; allowed: export default/,
    ],
    [
      'ptrap.config.ts',
      `export default () => ({});`,
      'PTRAP_E_CONFIG',
      /found a function; allowed: an object/,
    ],
    ['ptrap.config.ts', '', 'PTRAP_E_CONFIG', /found nothing; allowed: an object/],
    ['ptrap.config.json', '{ "limit": 5, }', 'PTRAP_E_CONFIG_LOAD', /ptrap.config.json/],
    ['ptrap.config.yaml', 'a: b: c', 'PTRAP_E_CONFIG_LOAD', /ptrap.config.yaml/],
    ['ptrap.config.toml', 'limit = 5', 'PTRAP_E_CONFIG_LOAD', /toml/],
    ['package.json', '{}', 'PTRAP_E_CONFIG', /found nothing for ptrap; allowed: a key ptrap/],
  ])('refuses %s holding %j', async (name, text, code, message) => {
    const file = await put(name, text);
    const error: unknown = await loadConfig(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, exit: 2, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toMatch(/\n/);
  });

  it('says which file is missing', async () => {
    await expect(loadConfig(join(folder, 'none.ts'))).rejects.toMatchObject({
      code: 'PTRAP_E_CONFIG_LOAD',
      message: expect.stringContaining(`cannot load ${folder}/none.ts: ENOENT`) as string,
    });
  });
});
