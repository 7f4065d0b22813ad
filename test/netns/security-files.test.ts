import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, lchown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const MALLORY = 4712;
const ALICE = 4711;
const TARGET = '10.77.0.2:53/udp';

/** Code that tells, by a file, that it was run; in a place that does not depend on where it lies. */
const evil = (): string =>
  `require('node:fs').writeFileSync('${folder.path}/pwned', ''); module.exports = {};\n`;
const pwned = (): boolean => existsSync(`${folder.path}/pwned`);

/** A config in a folder of its own below the test's. */
async function config(text = evil(), name = 'ptrap.config.cjs'): Promise<{ place: string; file: string }> {
  const place = `${folder.path}/project`;
  await mkdir(place);
  const file = `${place}/${name}`;
  await writeFile(file, text);
  return { place, file };
}

describe('a config or plugin that others may write to is not run', () => {
  const ways: [string, (at: { place: string; file: string }) => Promise<string>][] = [
    ['the file, its group', async ({ file }) => (await chmod(file, 0o664), file)],
    ['the file, everybody', async ({ file }) => (await chmod(file, 0o646), file)],
    ['its folder, the group', async ({ place, file }) => (await chmod(place, 0o775), file)],
    ['the folder above', async ({ file }) => (await chmod(folder.path, 0o777), file)],
    ['another user owns the file', async ({ file }) => (await chown(file, MALLORY, 0), file)],
    ['another user owns the folder', async ({ place, file }) => (await chown(place, MALLORY, 0), file)],
    [
      'a link of another user',
      async ({ file }) => {
        const link = `${folder.path}/link.cjs`;
        await symlink(file, link);
        await lchown(link, MALLORY, MALLORY);
        return link;
      },
    ],
    [
      'a link through a folder that others may write to',
      async ({ place }) => {
        const open = `${folder.path}/open`;
        await mkdir(open);
        await chmod(open, 0o777);
        await symlink(place, `${open}/project`);
        return `${open}/project/ptrap.config.cjs`;
      },
    ],
    [
      'a link out of a trusted folder into one that others may write to',
      async ({ place }) => {
        const open = `${folder.path}/open`;
        await mkdir(open);
        await writeFile(`${open}/x.cjs`, evil());
        await chmod(open, 0o777);
        await symlink(`${open}/x.cjs`, `${place}/x.cjs`);
        return `${place}/x.cjs`;
      },
    ],
  ];

  it.each(ways)('%s', async (_name, open) => {
    const file = await open(await config());
    for (const args of [
      ['--config', file],
      ['--no-config', '--plugin', file],
    ]) {
      const { code, stderr } = await stage.ptrap(['watch', TARGET, ...args]).end();
      expect(stderr).toMatch(/^PTRAP_E_UNTRUSTED: /);
      expect(code).toBe(2);
    }
    expect(pwned()).toBe(false);
  });

  it('an access control list names another user', async ({ skip }) => {
    const { file } = await config();
    const { code: none } = await stage.namespace.run(`setfacl -m u:${MALLORY}:rw '${file}'`);
    skip(none !== 0, 'no setfacl, or a file system without lists');
    const { code, stderr } = await stage.ptrap(['watch', TARGET, '--config', file]).end();
    expect(stderr).toMatch(/^PTRAP_E_UNTRUSTED: .* can be written by others/);
    expect(code).toBe(2);
    expect(pwned()).toBe(false);
  });

  it.each([
    ['by sudo', { SUDO_UID: String(ALICE) }],
    ['by root', {}],
  ])('a hostile current folder, %s', async (_name, env) => {
    const names = [
      'ptrap.config.ts',
      'ptrap.config.js',
      'ptrap.config.json',
      'ptrap.config.yaml',
      'package.json',
    ];
    for (const name of names) {
      const { place, file } = await config(
        name.endsWith('s') ? evil() : '{"ptrap":{"exec":"touch pwned"}}',
        name,
      );
      await chown(place, MALLORY, MALLORY);
      await chown(file, MALLORY, MALLORY);
      const { code, stderr } = await stage.ptrap(['watch', TARGET], { cwd: place, env }).end();
      expect(stderr).toMatch(/^PTRAP_E_UNTRUSTED: /);
      expect(code).toBe(2);
      await stage.namespace.must(`rm -r '${place}'`);
    }
    expect(pwned()).toBe(false);
  });

  it('a current folder full of what tools load by themselves', async () => {
    const place = `${folder.path}/hostile`;
    const files = [
      'babel.config.js',
      '.babelrc.js',
      '.swcrc',
      'tsconfig.json',
      '.env',
      '.npmrc',
      '.yarnrc',
      '.noderc',
    ];
    await mkdir(`${place}/node_modules`, { recursive: true });
    await mkdir(`${place}/.config`);
    for (const file of [...files, '.config/config.js', '.config/config.cjs', 'index.js']) {
      await writeFile(
        `${place}/${file}`,
        file.endsWith('json') || file.endsWith('rc') ? '{"extends":"./index.js"}' : evil(),
      );
    }
    await plant(`${place}/node_modules`);
    for (const tool of TOOLS) await fake(place, tool);
    const { file } = await config(`export default { targets: ['${TARGET}'] };`, 'mine.ts');
    const watch = await stage.watch(['--config', file, '--hold', 'none'], { cwd: place });
    await expectSeen(watch);
    expect(pwned()).toBe(false);
  });
});

describe('the environment', () => {
  it('NODE_PATH brings no module into ptrap or its config', async () => {
    await mkdir(`${folder.path}/modules`);
    await plant(`${folder.path}/modules`);
    const { file } = await config(
      `import 'ptrap/plugins';\nexport default { targets: ['${TARGET}'], plugins: ['process-tree'] };`,
      'mine.ts',
    );
    const watch = await stage.watch(['--config', file, '--hold', 'none'], {
      env: { NODE_PATH: `${folder.path}/modules` },
    });
    await expectSeen(watch);
    expect(pwned()).toBe(false);
  });

  it('PATH decides nothing but which commands -e means', async () => {
    const bin = `${folder.path}/bin`;
    await mkdir(bin);
    for (const tool of TOOLS) await fake(bin, tool);
    await writeFile(`${bin}/mine`, '#!/bin/sh\necho mine $1\n');
    await chmod(`${bin}/mine`, 0o755);
    for (const source of ['journal', 'nflog']) {
      const watch = await stage.watch([TARGET, '--source', source, '-e', 'mine'], {
        prepare: `export PATH='${bin}':"$PATH"`,
      });
      const sender = stage.shell();
      await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
      await watch.until('stderr', new RegExp(`^mine ${sender.pid}$`, 'm'));
      expect((await watch.end('SIGINT')).code).toBe(0);
    }
    const ended = await stage.ptrap(['cleanup', '--all'], { prepare: `export PATH='${bin}':"$PATH"` }).end();
    expect(ended.code).toBe(0);
    expect(pwned()).toBe(false);
  });

  it('what a shell, a loader or node would obey reaches no child but that of -e', async () => {
    const { file } = await config(evil(), 'preload.cjs');
    const env = {
      BASH_ENV: `${folder.path}/rc`,
      ENV: `${folder.path}/rc`,
      LD_LIBRARY_PATH: folder.path,
      SYSTEMD_PAGER: 'touch',
      HOME: folder.path,
      MODPROBE_OPTIONS: '-n',
    };
    await writeFile(`${folder.path}/rc`, `echo sourced > '${folder.path}/pwned'\n`);
    // set for ptrap alone, after node has begun: what its children would inherit
    const setter = `${folder.path}/setter.cjs`;
    await writeFile(setter, `process.env.NODE_OPTIONS = '--require=${file}';\n`);
    const watch = await stage.watch([TARGET, '--source', 'nflog', '--hold', 'none'], {
      env: { ...env, NODE_OPTIONS: `--require=${setter}` },
    });
    const children = (await stage.namespace.must(`pgrep -P ${watch.pid}`)).trim().split('\n');
    // one that has ended meanwhile has nothing to read
    const environments = (
      await Promise.all(children.map(pid => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')))
    ).filter(text => text !== '');
    expect(environments.length).toBeGreaterThan(1);
    for (const environment of environments) {
      const names = environment.split('\0').map(pair => pair.split('=')[0]);
      expect(names.filter(Boolean).sort()).toEqual(expect.arrayContaining(['HOME', 'LC_ALL', 'PATH']));
      expect(names).not.toEqual(expect.arrayContaining(['NODE_OPTIONS']));
      expect(names.some(name => ['BASH_ENV', 'ENV', 'LD_LIBRARY_PATH'].includes(name!))).toBe(false);
    }
    await expectSeen(watch);
    expect(pwned()).toBe(false);
  });
});

/** Whatever ptrap runs, and what that might. */
const TOOLS = [
  ...[
    'nft',
    'ip',
    'tc',
    'modprobe',
    'journalctl',
    'setpriv',
    'nsenter',
    'sh',
    'cat',
    'printf',
    'env',
    'id',
    'node',
    'nice',
  ],
];

async function fake(at: string, tool: string): Promise<void> {
  await writeFile(`${at}/${tool}`, `#!/bin/sh\n: > '${folder.path}/pwned'\nexit 1\n`);
  await chmod(`${at}/${tool}`, 0o755);
}

/** A package of each name that ptrap or one of its dependencies could ask for. */
async function plant(modules: string): Promise<void> {
  const installed = readdirSync(fileURLToPath(new URL('../../node_modules', import.meta.url)));
  const optional = [
    'typescript',
    'supports-color',
    'encoding',
    'bufferutil',
    'node-gyp-build',
    'jiti-extra',
    'ptrap',
  ];
  for (const name of new Set([...installed, ...optional].filter(found => /^[a-z]/.test(found)))) {
    await mkdir(`${modules}/${name}`);
    await writeFile(`${modules}/${name}/index.js`, evil());
  }
}

async function expectSeen(watch: Awaited<ReturnType<typeof stage.watch>>): Promise<void> {
  const sender = stage.shell();
  await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
  await watch.sighting(found => pidsOf(found).includes(sender.pid));
  expect((await watch.end('SIGINT')).code).toBe(0);
}
