import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.js';
import { readFlags } from '../../src/cli/flags.js';
import { PtrapError } from '../../src/errors.js';

async function read(...args: string[]) {
  const invocation = await readArguments(args);
  if (invocation.command !== 'watch') throw new Error(`is ${invocation.command}`);
  const { flags, configFile } = readFlags(invocation);
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return configFile === undefined ? given : { ...given, configFile };
}

describe('the command line', () => {
  it.each<[string, string[], object]>([
    ['nothing', [], {}],
    [
      'the original, udp',
      ['-u', '-i', '192.168.1.1', '-p', '53', '-e', 'pstree -p -H'],
      { targets: ['192.168.1.1:53/udp'], exec: 'pstree -p -H' },
    ],
    [
      'the original, tcp',
      ['-t', '-c', '-i', '192.168.1.1', '-e', 'ps -o comm='],
      { targets: ['192.168.1.1/tcp'], newConnections: true, exec: 'ps -o comm=' },
    ],
    [
      'the original, switches',
      ['-utv', '-p53', '-s', '500', '-n', '5'],
      { targets: [':53'], verbose: true, delay: 500, limit: 5 },
    ],
    ['targets', ['1.1.1.1:53/udp', '[::1]:443'], { targets: ['1.1.1.1:53/udp', '[::1]:443'] }],
    ['targets after watch', ['watch', '1.1.1.1', 'ls'], { targets: ['1.1.1.1', 'ls'] }],
    ['targets after --', ['watch', '--limit', '3', '--', '1.1.1.1'], { targets: ['1.1.1.1'], limit: 3 }],
    ['a switch eats no target', ['-c', '1.1.1.1'], { newConnections: true, targets: ['1.1.1.1'] }],
    [
      'options between targets',
      ['1.1.1.1', '--limit', '3', '2.2.2.2'],
      { targets: ['1.1.1.1', '2.2.2.2'], limit: 3 },
    ],
    ['the last of a repeated flag', ['-n', '3', '-n', '4', '--limit=5'], { limit: 5 }],
    ['a repeated switch', ['-v', '-v'], { verbose: true }],
    ['a switch taken back', ['--no-new-connections'], { newConnections: false }],
    [
      'plugins',
      ['--plugin', 'a', '--plugin', './b.ts', '1.1.1.1'],
      { plugins: ['a', './b.ts'], targets: ['1.1.1.1'] },
    ],
    ['one plugin', ['--plugin', 'a'], { plugins: ['a'] }],
    ['a config', ['--config', 'x.ts'], { configFile: 'x.ts' }],
    ['no config', ['--no-config'], { configFile: false }],
    ['a value that starts with a dash', ['--exec=-x'], { exec: '-x' }],
    ['a value that is a negative number', ['--exec', '-1h', '-e', '-2'], { exec: '-2' }],
    ['dots are no paths', ['--exec=a.b', '--plugin=a.b'], { exec: 'a.b', plugins: ['a.b'] }],
    [
      'all the rest',
      [
        '--source',
        'journal',
        '--hold=none',
        '--limit-per',
        'process',
        '--output',
        'json',
        '--count',
        '1',
        '--for',
        '10m',
        '--fail-on-match',
        '--dry-run',
      ],
      {
        source: 'journal',
        hold: 'none',
        limitPer: 'process',
        output: 'json',
        count: 1,
        for: '10m',
        failOnMatch: true,
        dryRun: true,
      },
    ],
  ])('%s', async (_name, args, expected) => {
    expect(await read(...args)).toEqual(expected);
  });

  it.each<[string[], string]>([
    [['--limt', '3'], 'PTRAP_E_OPTION: unknown option --limt; did you mean --limit?'],
    [
      ['--newconnections'],
      'PTRAP_E_OPTION: unknown option --newconnections; did you mean --new-connections?',
    ],
    [['-x'], 'PTRAP_E_OPTION: unknown option -x; ptrap --help lists all of them'],
    [['--no-limit'], 'PTRAP_E_OPTION: unknown option --no-limit; did you mean --limit?'],
    [['--limit.x', '3'], 'PTRAP_E_OPTION: unknown option --limit.x; did you mean --limit?'],
    [['--all'], 'PTRAP_E_OPTION: unknown option --all; ptrap --help lists all of them'],
    [['ls', '--limit', '3'], 'PTRAP_E_OPTION: unknown option --limit; ptrap --help lists all of them'],
    [['cleanup', '--al'], 'PTRAP_E_OPTION: unknown option --al; did you mean --all?'],
    [
      ['wathc'],
      'PTRAP_E_SUBCOMMAND: unknown command wathc; did you mean ptrap watch? (for a host of that name: ptrap watch wathc)',
    ],
    [
      ['clean-up', '1'],
      'PTRAP_E_SUBCOMMAND: unknown command clean-up; did you mean ptrap cleanup? (for a host of that name: ptrap watch clean-up)',
    ],
    [['ls', 'x'], 'PTRAP_E_ARGUMENT: ptrap ls does not take "x"; ptrap ls --help says what it takes'],
    [['-n'], 'PTRAP_E_VALUE: --limit: found nothing; allowed: a whole number from 1 to 1000000'],
    [['-n', '-v'], 'PTRAP_E_VALUE: --limit: found nothing; allowed: a whole number from 1 to 1000000'],
    [['-n', '3', '-n', 'x'], 'PTRAP_E_VALUE: --limit: found "x"; allowed: a whole number from 1 to 1000000'],
    [['-n', '0x10'], 'PTRAP_E_VALUE: --limit: found "0x10"; allowed: a whole number from 1 to 1000000'],
    [
      ['-s', '5 minutes'],
      'PTRAP_E_VALUE: --delay: found "5 minutes"; allowed: auto, milliseconds or a duration such as 60ms, 0.5s, 10m, from 1ms to 60s',
    ],
    [['--output', 'xml'], 'PTRAP_E_VALUE: --output: found "xml"; allowed: pretty, live, json, quiet'],
    [['--config'], 'PTRAP_E_VALUE: --config: found nothing; allowed: a text'],
    [
      ['-i', 'a', '-i', 'b'],
      'PTRAP_E_VALUE: --ip: found it twice; allowed: one; for several targets: ptrap watch A B',
    ],
  ])('%j is refused', async (args, message) => {
    const error: unknown = await read(...args).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PtrapError);
    expect(error).toMatchObject({ exit: 2, message });
  });

  it.each([
    [['ls'], { command: 'ls' }],
    [['cleanup', 'k3v9qa', '000012'], { command: 'cleanup', ids: ['k3v9qa', '000012'], all: false }],
    [['cleanup', '--all'], { command: 'cleanup', ids: [], all: true }],
  ])('%j', async (args, invocation) => {
    expect(await readArguments(args)).toEqual(invocation);
  });

  it.each([
    ['-h'],
    ['help'],
    ['watch', '--help'],
    ['ls', '-h'],
    ['--version'],
    ['-u', '-i', '1.1.1.1', '--help'],
  ])('%s %s shows text and does nothing', async (...args) => {
    const invocation = await readArguments(args.filter(arg => arg !== undefined));
    expect(invocation).toEqual({ command: 'show', text: expect.stringMatching(/\S/) as string });
  });
});
