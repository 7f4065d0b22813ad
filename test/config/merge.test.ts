import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeSettings, type Flags } from '../../src/config/merge.js';
import type { Config } from '../../src/config/options.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-merge-'));
});

afterEach(() => rm(folder, { recursive: true }));

const plugin = (name: string) => ({ name, apply: () => undefined });

const settle = (flags: Flags, config: Config = {}) =>
  mergeSettings(flags, { config, file: join(folder, 'ptrap.config.ts'), folder }, '/nowhere');

describe('mergeSettings', () => {
  it('has a default for everything but the target', async () => {
    expect(await mergeSettings({ targets: ['1.1.1.1'] }, undefined, '/')).toEqual({
      targets: ['1.1.1.1'],
      newConnections: false,
      netns: undefined,
      forwarded: false,
      source: 'auto',
      hold: undefined,
      delay: 'auto',
      processTable: true,
      limit: 20,
      limitPer: 'connection',
      exec: undefined,
      execUser: undefined,
      plugins: [],
      output: 'pretty',
      count: undefined,
      for: undefined,
      failOnMatch: false,
      dryRun: false,
      verbose: false,
    });
  });

  it('takes flags over the file over the defaults; a list replaces a list', async () => {
    const settings = await settle(
      { targets: ['2.2.2.2'], limit: 3, newConnections: false, plugins: [plugin('mine')], output: undefined },
      {
        targets: ['1.1.1.1'],
        limit: 2,
        newConnections: true,
        plugins: [plugin('other')],
        output: 'json',
        count: 7,
      },
    );
    expect(settings).toMatchObject({
      targets: ['2.2.2.2'],
      limit: 3,
      newConnections: false,
      plugins: [{ name: 'mine' }],
      output: 'json',
      count: 7,
    });
  });

  it('turns durations into milliseconds', async () => {
    expect(await settle({ delay: '0.5s', for: '10m' }, { targets: ['1.1.1.1'] })).toMatchObject({
      delay: 500,
      for: 600_000,
    });
    expect(await settle({ delay: 60 }, { targets: ['1.1.1.1'], delay: 'auto', for: 5 })).toMatchObject({
      delay: 60,
      for: 5,
    });
  });

  it('adds a plugin for --exec to those of the file', async () => {
    const settings = await settle(
      { exec: 'ps -o comm=' },
      { targets: ['1.1.1.1'], plugins: [plugin('mine')] },
    );
    expect(settings.plugins.map(({ name }) => name)).toEqual(['mine', 'exec']);
  });

  it('wants a target', async () => {
    await expect(settle({})).rejects.toMatchObject({ code: 'PTRAP_E_NO_TARGET', exit: 2 });
  });

  it('refuses a bad target of the command line', async () => {
    await expect(settle({ targets: ['1.1.1.1:0'] })).rejects.toMatchObject({
      code: 'PTRAP_E_TARGET',
      exit: 2,
    });
  });
});

describe('plugins', () => {
  const withPlugins = (...plugins: NonNullable<Config['plugins']>) =>
    settle({}, { targets: ['1.1.1.1'], plugins });

  it('are taken by name, by name with options, by path relative to the config, and as they are', async () => {
    await writeFile(
      join(folder, 'mine.ts'),
      `import { definePlugin } from 'ptrap';
       export default definePlugin((options: { word: string } | undefined) => ({
         name: 'mine-' + (options?.word ?? 'plain'), apply() {},
       }));`,
    );
    await writeFile(join(folder, 'plain.mjs'), `export default { name: 'no-factory', apply() {} };`);
    const { plugins } = await withPlugins(
      'process-tree',
      ['exec', { command: 'ps' }],
      './mine.ts',
      ['./mine.ts', { word: 'told' }],
      join(folder, 'plain.mjs'),
      plugin('as-is'),
    );
    expect(plugins.map(({ name }) => name)).toEqual([
      'process-tree',
      'exec',
      'mine-plain',
      'mine-told',
      'no-factory',
      'as-is',
    ]);
  });

  it('given by --plugin have their paths from the working directory', async () => {
    await writeFile(join(folder, 'mine.js'), `module.exports = { name: 'mine', apply() {} };`);
    const { plugins } = await mergeSettings(
      { targets: ['1.1.1.1'], plugins: ['mine.js'] },
      undefined,
      folder,
    );
    expect(plugins).toMatchObject([{ name: 'mine' }]);
  });

  it('are not run when others may write to them', async () => {
    await writeFile(join(folder, 'mine.js'), `throw new Error('was run');`);
    await chmod(join(folder, 'mine.js'), 0o777);
    await expect(withPlugins('./mine.js')).rejects.toMatchObject({ code: 'PTRAP_E_UNTRUSTED' });
  });

  it('are not run when a folder is named: what lies in it was looked at by nobody', async () => {
    await mkdir(join(folder, 'mine'));
    await writeFile(join(folder, 'mine/index.js'), `throw new Error('was run');`);
    await chmod(join(folder, 'mine/index.js'), 0o666);
    await expect(withPlugins('./mine')).rejects.toThrow('it has no package.json: name the very file');
  });

  it.each<[string, string | [string, unknown], string, string]>([
    [
      'a misspelt name',
      'process-tre',
      'PTRAP_E_PLUGIN',
      'unknown plugin "process-tre"; did you mean process-tree?',
    ],
    [
      'an unknown name',
      'telegram',
      'PTRAP_E_PLUGIN',
      'allowed: a path such as ./my-plugin.ts, or dns, exec, ',
    ],
    ['a name out of Object.prototype', 'toString', 'PTRAP_E_PLUGIN', 'unknown plugin "toString"'],
    ['a missing file', './none.ts', 'PTRAP_E_PLUGIN_LOAD', 'ENOENT'],
    ['a file that throws', './throws.ts', 'PTRAP_E_PLUGIN_LOAD', 'cannot load plugin "./throws.ts": boom'],
    [
      'a file without default export',
      './named.ts',
      'PTRAP_E_PLUGIN_LOAD',
      'its default export is not a plugin',
    ],
    ['a factory that throws', './factory.ts', 'PTRAP_E_PLUGIN_LOAD', 'cannot load plugin "./factory.ts": no'],
    [
      'a bad option of a built-in',
      ['exec', { comand: 'ps' }],
      'PTRAP_E_PLUGIN_LOAD',
      'cannot load plugin "exec": command: ',
    ],
  ])('refuses %s', async (_what, reference, code, message) => {
    await writeFile(join(folder, 'throws.ts'), `throw new Error('boom');`);
    await writeFile(join(folder, 'named.ts'), `export const plugin = {};`);
    await writeFile(join(folder, 'factory.ts'), `export default () => { throw new Error('no'); };`);
    const error: unknown = await withPlugins(reference).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, exit: 2, message: expect.stringContaining(message) as string });
  });
});
