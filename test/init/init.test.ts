import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { configOptions } from '../../src/config/options.js';
import { init } from '../../src/init/init.js';

let folder: string;
let mask: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-init-'));
  mask = process.umask(0o002); // what many distributions give a user
});

afterEach(async () => {
  process.umask(mask);
  await rm(folder, { recursive: true });
});

const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const make = (words: string[], force = false) => init({ words, force, folder });

describe('ptrap init', () => {
  it('writes a config that ptrap loads, as it is and with every key in use', async () => {
    await make([]);
    const file = join(folder, 'ptrap.config.ts');
    expect((await loadConfig(file))?.config).toEqual({ targets: ['192.168.1.1:53/udp'] });
    const whole = (await read('ptrap.config.ts')).replace(/^ {2}\/\/ (\w+: .*,)$/gm, '  $1');
    await writeFile(file, whole, { mode: 0o644 });
    const { config } = (await loadConfig(file))!;
    expect(Object.keys(config).sort()).toEqual(Object.keys(configOptions).sort());
  });

  it('overwrites nothing unless told to', async () => {
    await writeFile(join(folder, 'ptrap.config.ts'), 'mine');
    await expect(make([])).rejects.toThrow(/^PTRAP_E_INIT_EXISTS: .*ptrap\.config\.ts is there already/);
    expect(await read('ptrap.config.ts')).toBe('mine');
    await make([], true);
    expect(await read('ptrap.config.ts')).toContain('Config');
  });

  it('says why ptrap would not load it there', async () => {
    const { chmod } = await import('node:fs/promises');
    await chmod(folder, 0o777);
    expect((await make([])).join('\n')).toMatch(
      /As things are ptrap would not load it\. PTRAP_E_UNTRUSTED: .*chmod/,
    );
  });
});

describe('ptrap init plugin', () => {
  it('makes a folder that nobody else may write to', async () => {
    const said = await make(['plugin', 'my-plugin']);
    expect(said).toContain('  sudo ptrap watch 192.168.1.1:53/udp --plugin ./my-plugin');
    expect((await stat(join(folder, 'my-plugin'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(folder, 'my-plugin/index.ts'))).mode & 0o777).toBe(0o644);
    expect(JSON.parse(await read('my-plugin/package.json'))).toMatchObject({
      name: 'ptrap-plugin-my-plugin',
    });
  });

  it.each([[''], ['Shout'], ['../x'], ['a b'], ['-x']])('%j is no name', async name => {
    await expect(make(['plugin', name])).rejects.toThrow(/^PTRAP_E_INIT_NAME/);
  });

  it('makes nothing else', async () => {
    await expect(make(['plugn'])).rejects.toThrow(/^PTRAP_E_INIT_WHAT: ptrap init does not make "plugn"/);
  });
});
