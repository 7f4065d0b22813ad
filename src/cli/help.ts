import { options } from '../config/options.js';
import type { Flag } from '../config/option.js';
import { commands, commonFlags, type CommandName } from './commands.js';
import { table, wrapWords, type Row } from './layout.js';

/** Command lines and what they do. */
export const examples: Row[] = [
  { left: 'ptrap watch 192.168.1.1:53/udp', text: 'who asks this name server?' },
  { left: 'ptrap watch example.org:443 10.0.0.0/8', text: 'several targets at once' },
  {
    left: 'ptrap :25/tcp --count 1 --output json',
    text: 'the first that talks to any mail server, as JSON',
  },
  { left: 'ptrap -u -i 192.168.1.1 -p 53 -e "pstree -p -H"', text: 'run a command for each sighting' },
  { left: 'ptrap 10.0.0.0/8 --for 10m --fail-on-match', text: 'fail a build that calls out' },
];

/** What each exit code says; stands below the help of watch. */
export const exitCodes: Row[] = [
  { left: '0', text: 'stopped as asked: by a signal, --count or --for' },
  { left: '1', text: 'failed while running' },
  { left: '2', text: 'the command line or the config is wrong' },
  { left: '3', text: 'a tool, kernel feature or privilege is missing' },
  { left: '10', text: '--fail-on-match, and something was seen' },
];

/**
 * The text of `--help`: of one command, or of all together with what watch takes.
 * @param width columns of the terminal
 */
export function helpText(name: CommandName | undefined, width: number): string {
  const command = commands[name ?? 'watch'];
  const isWatch = command === commands.watch;
  const [common = [], ...others] = flagTables([...commonFlags, ...command.flags], width);
  const positionals = command.positional === 'target' ? [table('Positionals', [targetRow], width)] : [];
  const tables = name === 'watch' ? [...positionals, ...others, common] : [common, ...positionals, ...others];
  const blocks = [
    [`ptrap ${name === undefined ? '[target..]' : usage(name)}`],
    wrapWords(command.describe, width),
    ...(name === undefined ? [table('Commands', commandRows(), width)] : []),
    ...tables,
    ...(isWatch ? [table('Examples', examples, width), table('Exit codes', exitCodes, width)] : []),
  ];
  return blocks.map(lines => lines.join('\n')).join('\n\n');
}

const targetRow: Row = { left: 'target', text: options.targets.docs, right: '[string]' };

/** How a command is called, without the flags. */
export function usage(name: CommandName): string {
  const { positional } = commands[name];
  return positional === undefined ? name : `${name} [${positional}..]`;
}

function commandRows(): Row[] {
  return (Object.keys(commands) as CommandName[]).map(name => ({
    left: `ptrap ${usage(name)}`,
    text: commands[name].describe,
    ...(name === 'watch' && { right: '[default]' }),
  }));
}

/** A table for each group, in the order in which the groups first appear. */
function flagTables(flags: readonly Flag[], width: number): string[][] {
  const groups = [...new Set(flags.map(({ group }) => group))];
  return groups.map(name => table(name, flags.filter(({ group }) => group === name).map(flagRow), width));
}

function flagRow(flag: Flag): Row {
  const { alias, docs, kind } = flag;
  return {
    left: `${alias === undefined ? '    ' : `-${alias}, `}--${flag.flag}`,
    text: kind === 'choice' ? `${docs} (${flag.choices.join(', ')})` : docs,
    right: `[${kind === 'boolean' ? kind : 'string'}]${defaultText(flag)}`,
  };
}

function defaultText({ default: value }: Flag): string {
  return typeof value === 'string' || typeof value === 'number' ? ` [default: ${value}]` : '';
}
