import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
/** Files of the package, and its own name. */
let packed: { filename: string; files: { path: string }[] };

const npm = (args: readonly string[]): string =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-pack-'));
  // prepack builds dist anew, under the feet of tests that run it
  const said = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  packed = (JSON.parse(said) as [typeof packed])[0];
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('npm pack', () => {
  it('holds the program, its types, docs, man page and completions, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const allowed =
      /^(systemd\/ptrap@\.service|dist\/(src|plugins)\/.*\.(js|d\.ts)|dist\/chunks\/.*\.js|dist\/NOTICES\.txt|docs\/.*|man\/ptrap\.1|completions\/[\w.]+|package\.json|README\.md|LICENSE|CHANGELOG\.md|ptrap\.config\.example\.ts)$/;
    expect(paths.filter(path => !allowed.test(path))).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining([
        'dist/src/cli.js',
        'dist/src/index.d.ts',
        'dist/plugins/index.js',
        'man/ptrap.1',
        'completions/_ptrap',
        'LICENSE',
        'CHANGELOG.md',
        'docs/options.md',
      ]),
    );
  });

  it('installs globally, runs from there, and says how sudo runs it', { timeout: 120_000 }, async () => {
    const prefix = join(folder, 'prefix');
    npm(['install', '--global', '--prefix', prefix, join(folder, packed.filename)]);
    const command = join(prefix, 'bin/ptrap');
    expect(await readlink(command)).toBe('../lib/node_modules/ptrap/dist/src/cli.js');
    expect(existsSync(join(prefix, 'share/man/man1/ptrap.1'))).toBe(true);
    const dryRun = ['watch', '192.0.2.1:53/udp', '--no-config', '--dry-run', '--plugin', 'journal'];
    expect(execFileSync(command, dryRun, { encoding: 'utf8' })).toContain('192.0.2.1');

    const line = `sudo ${process.execPath} ${command} …`;
    const unprivileged = ['--bounding-set=-all', '--inh-caps=-all', command, '127.0.0.1:9', '--no-config'];
    expect(() => execFileSync('setpriv', unprivileged, { stdio: 'pipe' })).toThrow(line);
  });
});
