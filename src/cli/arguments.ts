import parse from 'yargs-parser';
import { failure } from '../errors.js';
import { nearest } from '../sys/nearest.js';
import { ownPackage } from '../sys/own-package.js';
import type { Flag } from '../config/option.js';
import { commands, commonFlags, type Command, type CommandName } from './commands.js';

/** What the command line asks for, before any value is checked. */
export type Invocation =
  | { command: 'show'; text: string }
  | { command: 'watch'; targets: string[]; values: Values }
  | { command: 'events'; targets: string[]; values: Values }
  | { command: 'doctor'; json: boolean }
  | { command: 'init'; words: string[]; force: boolean }
  | { command: 'ls' }
  | { command: 'cleanup'; ids: string[]; all: boolean };

/** What one command was asked. */
export type Asked<Name extends Invocation['command']> = Extract<Invocation, { command: Name }>;

/** Values by flag; a repeated one has several, `--no-x` is false. */
export type Values = Readonly<Record<string, unknown>>;

/** What the parser makes of a command line. */
interface Parsed {
  /** What has no dash. */
  _: string[];
  /** What came after `--`. */
  '--'?: string[];
  [flag: string]: unknown;
}

/**
 * Reads the command line. Unknown flags and commands are refused here; values are checked with the config's.
 * @throws PTRAP_E_OPTION, PTRAP_E_SUBCOMMAND, PTRAP_E_ARGUMENT
 */
export async function readArguments(args: readonly string[]): Promise<Invocation> {
  const asked = parseFlags(args, everyFlag);
  const [first] = asked._;
  const name = isCommand(first) ? first : undefined;
  if (asked['help'] === true || asked._.at(-1) === 'help') {
    const { helpText } = await import('./help.js');
    return { command: 'show', text: helpText(name, Math.min(process.stdout.columns || 100, 110)) };
  }
  if (asked['version'] === true) return { command: 'show', text: ownPackage().version };
  return readCommand(args, name);
}

function readCommand(args: readonly string[], name: CommandName | undefined): Invocation {
  const command = commands[name ?? 'watch'];
  const { _: words, '--': rest = [], ...values } = parseFlags(args, [...commonFlags, ...command.flags]);
  requireKnown(values, command);
  const given = [...words.slice(name === undefined ? 0 : 1), ...rest];
  switch (name) {
    case 'ls':
      refuseWords(given, name);
      return { command: name };
    case 'doctor':
      refuseWords(given, name);
      return { command: name, json: values['json'] === true };
    case 'init':
      return {
        command: name,
        words: [...several(values['what']), ...given],
        force: values['force'] === true,
      };
    case 'cleanup':
      return { command: name, ids: [...several(values['id']), ...given], all: values['all'] === true };
    case 'events':
      return { command: name, targets: [...several(values['target']), ...given], values };
    default: {
      const targets = [...several(values['target']), ...given];
      if (name === undefined) refuseMisspelt(targets[0]);
      return { command: 'watch', targets, values };
    }
  }
}

function refuseWords([first]: readonly string[], command: CommandName): void {
  if (first !== undefined) throw failure('PTRAP_E_ARGUMENT', first, command);
}

const everyFlag = [...commonFlags, ...Object.values(commands).flatMap(({ flags }) => flags)];

function parseFlags(args: readonly string[], flags: readonly Flag[]): Parsed {
  const isSwitch = flags.filter(({ kind }) => kind === 'boolean');
  const takesText = flags.filter(({ kind }) => kind !== 'boolean');
  const positionals = Object.values(commands).flatMap(({ positional }) => positional ?? []);
  return parse(withNegatives(args, takesText), {
    alias: Object.fromEntries(flags.flatMap(({ flag, alias }) => (alias ? [[flag, [alias]]] : []))),
    boolean: isSwitch.map(({ flag }) => flag),
    string: [...takesText.map(({ flag }) => flag), ...positionals],
    array: positionals,
    configuration: {
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
      'strip-aliased': true,
    },
  }) as Parsed;
}

/** A value such as -90m is one, and not nine flags. */
function withNegatives(args: readonly string[], flags: readonly Flag[]): string[] {
  const names = flags.flatMap(({ flag, alias }) => [`--${flag}`, ...(alias ? [`-${alias}`] : [])]);
  const isValue = (index: number): boolean =>
    /^-\d/.test(args[index] ?? '') && names.includes(args[index - 1] ?? '');
  return args.flatMap((word, index) => {
    if (isValue(index)) return [];
    return isValue(index + 1) ? [`${word}=${args[index + 1]}`] : [word];
  });
}

function several(value: unknown): string[] {
  return (value as string[] | undefined) ?? [];
}

function isCommand(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(commands, word);
}

/** A bare word in the place of a command, near to one, is a misspelt command and no host. */
function refuseMisspelt(word: string | undefined): void {
  if (word === undefined || !/^[a-z-]+$/i.test(word)) return;
  const meant = nearest(word, [...Object.keys(commands), 'help']);
  if (meant !== undefined) throw failure('PTRAP_E_SUBCOMMAND', word, meant);
}

function requireKnown(values: Values, { flags, positional }: Command): void {
  const known = [...flags, ...commonFlags].map(({ flag }) => flag);
  const unknown = Object.keys(values).find(key => !known.includes(key) && key !== positional);
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const dashes = unknown.length === 1 ? '-' : '--';
  throw failure('PTRAP_E_OPTION', dashes + unknown, near === undefined ? undefined : `--${near}`);
}
