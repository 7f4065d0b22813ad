import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-completions-'));
  await writeFile(join(folder, 'mine.config.ts'), '');
});
afterAll(() => rm(folder, { recursive: true }));

const run = (file: string, args: readonly string[]): string =>
  execFileSync(file, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What a bash with nothing but our script offers after these words, the last of which is begun. */
function offered(...words: string[]): string[] {
  const script = `source "$1"; shift
    spec=$(complete -p ptrap); [[ $spec == 'complete -F _ptrap ptrap' ]] || exit 9
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ptrap; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', script, 'bash', here('completions/ptrap.bash'), 'ptrap', ...words];
  return run('bash', args).split('\n').filter(Boolean);
}

describe('bash completion', () => {
  it('knows commands', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['watch', 'ls', 'cleanup']));
    expect(offered('cl')).toEqual(['cleanup']);
    expect(offered('watch', '')).toEqual([]);
  });

  it('knows flags, of the command at hand, and without one those of watch', () => {
    expect(offered('watch', '--hold')).toEqual(['--hold', '--hold-strategy']);
    expect(offered('--lim')).toEqual(['--limit', '--limit-per']);
    expect(offered('10.0.0.1:53', '--no-')).toEqual(['--no-process-table', '--no-config']);
    expect(offered('cleanup', '-')).toEqual(['--all', '--help', '--version']);
    expect(offered('ls', '--a')).toEqual([]);
  });

  it('knows choices and plugins, after a space and after =', () => {
    expect(offered('watch', '--source', 'j')).toEqual(['journal']);
    expect(offered('watch', '--source', '=', 'n')).toEqual(['nflog']);
    expect(offered('--limit-per', '=')).toEqual(['connection', 'process', 'executable', 'none']);
    expect(offered('-s', '')).toEqual(['auto']);
    expect(offered('--plugin', 'process')).toEqual(['process-tree']);
  });

  it('knows files and users, and offers nothing for numbers', () => {
    expect(offered('--config', 'mi')).toEqual(['mine.config.ts']);
    expect(offered('--plugin', './mi')).toEqual(['./mine.config.ts']);
    expect(offered('--exec-user', 'roo')).toContain('root');
    expect(offered('-n', '')).toEqual([]);
  });
});

describe('the other shells', () => {
  it('zsh reads its completion without complaint', () => {
    expect(run('zsh', ['-f', '-n', here('completions/_ptrap')])).toBe('');
  });

  it('fish reads its completion, and offers what it says', () => {
    const script = `source ${here('completions/ptrap.fish')}; complete -C 'ptrap watch --output '`;
    const lines = run('fish', ['--no-config', '-c', script]).trim().split('\n');
    expect(lines.map(line => line.split('\t')[0])).toEqual(
      expect.arrayContaining(['json', 'pretty', 'quiet']),
    );
  });
});

describe('the man page', () => {
  it('is shown without a warning, with every flag', () => {
    const { stdout, stderr } = spawnSync('man', ['--warnings', '-l', here('man/ptrap.1')], {
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
    });
    expect(stderr).toBe('');
    for (const text of ['--limit-per', '--exec-user', 'ptrap cleanup', 'EXIT STATUS', 'process-tree'])
      expect(stdout).toContain(text);
  });
});
