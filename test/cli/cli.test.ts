import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-cli-'));
});

afterEach(() => rm(folder, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What runs ptrap from source, wherever the working directory is. */
const tsx = ['--import', import.meta.resolve('tsx')];
const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  TSX_TSCONFIG_PATH: here('tsconfig.json'),
};

function command(args: readonly string[], preload: string): string[] {
  return [
    ...tsx,
    ...(preload === '' ? [] : ['--import', `data:text/javascript,${preload}`]),
    here('src/cli.ts'),
    ...args,
  ];
}

/** Root with no capability left: owner of the same files, but otherwise like any user. */
const withoutPrivilege = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];

/** Runs the real command line from source, in the test's folder, as a process of its own. */
function ptrap(args: readonly string[], { env = {}, preload = '', isPlain = false } = {}): Promise<Ended> {
  const options = { cwd: folder, env: { ...environment, ...env } };
  const [file = '', ...rest] = [
    ...(isPlain ? withoutPrivilege : []),
    process.execPath,
    ...command(args, preload),
  ];
  return new Promise(resolve => {
    const child = execFile(file, rest, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

describe('ptrap', { timeout: 20_000 }, () => {
  it('--help and --version need no root and no config', async () => {
    await writeFile(join(folder, 'ptrap.config.ts'), 'throw new Error()', { mode: 0o666 });
    const [help, version] = await Promise.all([ptrap(['--help']), ptrap(['--version'])]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const word of [
      'What to watch:',
      '--limit-per',
      'Exit codes:',
      'Examples:',
      'ptrap cleanup [id..]',
    ]) {
      expect(help.stdout).toContain(word);
    }
    expect(version).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
      stderr: '',
    });
  });

  it.each<[string, string[], number, string]>([
    [
      'no target',
      [],
      2,
      'PTRAP_E_NO_TARGET: no target given; name at least one, such as: ptrap watch 192.168.1.1:53/udp',
    ],
    ['an unknown flag', ['--limt', '3'], 2, 'PTRAP_E_OPTION: unknown option --limt; did you mean --limit?'],
    [
      'a bad target',
      ['1.1.1.1:0'],
      2,
      'PTRAP_E_TARGET: bad target "1.1.1.1:0": "0" is no port; allowed: a port from 1 to 65535, or a range such as 1000-2000',
    ],
    [
      'cleanup of an unknown id',
      ['cleanup', 'nobody'],
      2,
      'PTRAP_E_INSTANCE: cannot clean up "nobody": there is no such instance; ptrap ls shows the instances',
    ],
  ])('%s is one line on stderr', async (_what, args, code, line) => {
    expect(await ptrap(args)).toEqual({ code, stdout: '', stderr: `${line}\n` });
  });

  it('errors go to stderr also with --output json', async () => {
    await writeFile(join(folder, 'ptrap.config.json'), '{ "limt": 3 }', { mode: 0o644 });
    expect(await ptrap(['1.1.1.1', '--output', 'json'])).toEqual({
      code: 2,
      stdout: '',
      stderr: `PTRAP_E_CONFIG_KEY: ${folder}/ptrap.config.json: unknown key limt; did you mean limit?\n`,
    });
  });

  it('trusts the config of the user who called sudo, and of no other', async () => {
    const config = join(folder, 'ptrap.config.json');
    await writeFile(config, '{ "targets": ["127.0.0.1:9/udp"] }', { mode: 0o644 });
    await chown(config, 4711, 4711);
    const [ours, theirs] = await Promise.all([
      ptrap(['--dry-run'], { env: { SUDO_UID: '4711' } }),
      ptrap(['--dry-run'], { env: { SUDO_UID: '4712' } }),
    ]);
    expect(ours).toMatchObject({ code: 0, stderr: '' });
    expect(theirs).toMatchObject({ code: 2, stdout: '' });
    expect(theirs.stderr).toContain('belongs to uid 4711');
  });

  it('--dry-run shows what the example config asks for, without root, and makes nothing', async () => {
    await copyFile(here('ptrap.config.example.ts'), join(folder, 'ptrap.config.ts'));
    const { code, stdout, stderr } = await ptrap(['--dry-run'], { isPlain: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const text of ['192.168.1.1', '2001:db8::1', '10.0.0.0/8', 'delay 60ms'])
      expect(stdout).toContain(text);
  });

  it('without root names what is missing and how to get it', async () => {
    expect(await ptrap(['--no-config', '127.0.0.1:9/udp'], { isPlain: true })).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'PTRAP_E_NOT_ROOT: not permitted: CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH missing; run it with sudo\n',
    });
  });

  it('says so on a Node that is too old, and on another system', async () => {
    const [old, other] = await Promise.all([
      ptrap(['--help'], { preload: `Object.defineProperty(process,'versions',{value:{node:'18.20.4'}})` }),
      ptrap(['--help'], { preload: `Object.defineProperty(process,'platform',{value:'freebsd'})` }),
    ]);
    expect(old).toMatchObject({ code: 3, stdout: '' });
    expect(old.stderr).toContain(
      `PTRAP_E_NODE_TOO_OLD: Node 18.20.4 (${process.execPath}) is too old, ptrap needs 20.19.0 or newer`,
    );
    expect(other).toMatchObject({ code: 3, stdout: '' });
    expect(other.stderr).toContain('PTRAP_E_NOT_LINUX: ptrap needs the Linux kernel, this is freebsd');
  });

  it('survives a reader that has gone', async () => {
    const child = spawn(process.execPath, command(['--help'], ''), { cwd: folder, env: environment });
    child.stdout.destroy();
    const complaint: Buffer[] = [];
    child.stderr.on('data', (piece: Buffer) => complaint.push(piece));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, Buffer.concat(complaint).toString()]).toEqual([0, '']);
  });
});
