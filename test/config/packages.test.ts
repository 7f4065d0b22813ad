import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPlugins } from '../../src/config/plugins.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-packages-'));
  await mkdir(join(folder, 'below'));
});

afterEach(() => rm(folder, { recursive: true }));

/** A package whose plugin has the name `name`. */
async function install(at: string, description: object, entry = 'index.ts', name = 'foo'): Promise<string> {
  const path = join(folder, at);
  await mkdir(join(path, 'lib'), { recursive: true, mode: 0o755 });
  await writeFile(join(path, 'package.json'), JSON.stringify(description), { mode: 0o644 });
  const text = `import { definePlugin } from 'ptrap';
    export default definePlugin((options: { as?: string } = {}) => ({ name: options.as ?? '${name}', apply() {} }));`;
  await writeFile(join(path, entry), text, { mode: 0o644 });
  return path;
}

const namesOf = async (...references: Parameters<typeof loadPlugins>[0]) =>
  (await loadPlugins(references, join(folder, 'below'))).map(({ name }) => name);

describe('a plugin that npm has installed', { timeout: 20_000 }, () => {
  it.each<[string, object, string?]>([
    ['exports as text', { exports: './index.ts' }],
    ['exports of "."', { exports: { '.': { types: './x.d.ts', import: './lib/index.ts' } } }, 'lib/index.ts'],
    ['exports with conditions', { exports: { default: './lib/index.ts' } }, 'lib/index.ts'],
    ['main', { main: 'lib/index.ts' }, 'lib/index.ts'],
  ])('is found by its name from a folder below: %s', async (_what, description, entry) => {
    await install('node_modules/ptrap-plugin-foo', description, entry);
    expect(await namesOf('foo', ['ptrap-plugin-foo', { as: 'bar' }])).toEqual(['foo', 'bar']);
  });

  it('of somebody’s own scope', async () => {
    await install('node_modules/@me/ptrap-plugin-foo', { exports: './index.ts' });
    expect(await namesOf('@me/foo')).toEqual(['foo']);
  });

  it('does not come before one of ptrap’s own of that name', async () => {
    await install('node_modules/ptrap-plugin-dns', { exports: './index.ts' }, 'index.ts', 'another');
    expect(await namesOf('dns')).toEqual(['dns']);
  });

  it('is not loaded when others may write to it, or to what says what runs', async () => {
    const path = await install('node_modules/ptrap-plugin-foo', { exports: './index.ts' });
    await chmod(join(path, 'index.ts'), 0o666);
    await expect(namesOf('foo')).rejects.toThrow(/^PTRAP_E_UNTRUSTED: .*index\.ts/);
    await chmod(join(path, 'index.ts'), 0o644);
    await chmod(join(path, 'package.json'), 0o666);
    await expect(namesOf('foo')).rejects.toThrow(/^PTRAP_E_UNTRUSTED: .*package\.json/);
  });

  it('is what a misspelt name is nearest to', async () => {
    await install('node_modules/ptrap-plugin-loudspeaker', { exports: './index.ts' });
    await expect(namesOf('loudspaeker')).rejects.toThrow(
      'PTRAP_E_PLUGIN: unknown plugin "loudspaeker"; did you mean loudspeaker?',
    );
  });
});

it('a folder is a plugin, by its package.json', async () => {
  await install('below/foo', { exports: './index.ts' });
  expect(await namesOf('./foo')).toEqual(['foo']);
});
