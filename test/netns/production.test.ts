import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runtimePackages } from '../security/locked.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A node_modules of what ptrap needs at run time, as it was unpacked; nothing is run to make it. */
async function makeModules(): Promise<string> {
  const made = `${folder.path}/node_modules`;
  for (const { path } of runtimePackages.filter(({ path }) => path.lastIndexOf('node_modules') === 0)) {
    await mkdir(`${folder.path}/${path}`, { recursive: true });
    await cp(`${ROOT}${path}`, `${folder.path}/${path}`, { recursive: true });
  }
  return made;
}

const CONFIG = `
  import { definePlugin } from 'ptrap';
  import { dns, processTree, tlsSni } from 'ptrap/plugins';
  const mine: ReturnType<typeof definePlugin> = definePlugin(() => ({ name: 'mine', apply() {} }));
  export default { plugins: [dns(), tlsSni(), processTree(), mine()] };
`;

describe('with the packages for run time alone', () => {
  it.each(['journal', 'nflog'])('everything that watch loads is there: %s', async source => {
    const modules = await makeModules();
    const config = `${folder.path}/ptrap.config.ts`;
    await writeFile(config, CONFIG);
    const args = [
      '10.77.0.2:53/udp',
      '--hold',
      'none',
      '--source',
      source,
      '--config',
      config,
      '-e',
      'echo told',
    ];
    // in a mount namespace of ptrap's alone
    const watch = await stage.watch(args, { prepare: `mount --bind '${modules}' '${ROOT}node_modules'` });
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid));
    expect(Object.keys(sighting.notes)).toContain('process-tree');
    await watch.until('stderr', /told/);
    const { code, stderr } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/threw|disabled/);
  });

  it('ls and cleanup, too', async () => {
    const prepare = `mount --bind '${await makeModules()}' '${ROOT}node_modules'`;
    for (const args of [['ls'], ['cleanup', '--all'], ['--help'], ['--version']]) {
      const { code, stderr } = await stage.ptrap(args, { prepare }).end();
      expect([code, stderr]).toEqual([0, '']);
    }
  });
});
