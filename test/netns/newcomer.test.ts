import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';

const stage = useStage();
const folder = useFolder();

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const execute = promisify(execFile);

/** What a user types, in the folder or below it. */
const type = async (cwd: string, file: string, ...args: string[]): Promise<string> =>
  (await execute(file, args, { cwd })).stdout;

it(
  'from the package to a plugin of one’s own: packed, installed, made, tested, used, used by name',
  { timeout: 240_000 },
  async () => {
    const packed = await type(
      ROOT,
      'npm',
      'pack',
      '--silent',
      '--ignore-scripts',
      '--pack-destination',
      folder.path,
    );
    const quietly = ['--silent', '--no-audit', '--no-fund', '--prefer-offline'];
    await type(folder.path, 'npm', 'install', ...quietly, `./${packed.trim()}`);
    const ptrap = `${folder.path}/node_modules/.bin/ptrap`;

    expect(await type(folder.path, ptrap, 'init', 'plugin', 'shout')).toContain('npm test');
    const plugin = `${folder.path}/shout`;
    expect(await type(plugin, 'npm', 'test')).toMatch(/pass 2\n/);
    const strict = ['--noEmit', '-p', plugin, '--types', 'node', '--typeRoots', `${ROOT}node_modules/@types`];
    await type(ROOT, 'npx', 'tsc', ...strict);

    const watch = [
      'watch',
      '10.77.0.2:53/udp',
      '--hold',
      'none',
      '--count',
      '1',
      '--output',
      'quiet',
      '--no-config',
    ];
    await type(folder.path, 'cp', '-r', 'shout', 'node_modules/ptrap-plugin-shout');
    for (const name of ['./shout', 'shout']) {
      const child = stage.namespace.spawn(ptrap, [...watch, '--plugin', name], { cwd: folder.path });
      const sender = stage.shell();
      await sender.do('exec 3<>/dev/udp/10.77.0.2/53');
      let [said, erred] = ['', ''];
      child.stdout?.on('data', text => (said += String(text)));
      child.stderr?.on('data', text => (erred += String(text)));
      const sent = () => sender.do('echo x >&3').then(() => child.exitCode);
      await expect.poll(sent, { timeout: 60_000, interval: 200 }).not.toBeNull();
      expect([said, erred]).toEqual(['bash talks to 10.77.0.2!\n', '']);
    }
  },
);
