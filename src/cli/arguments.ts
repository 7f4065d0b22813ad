import yargs, { type Argv, type Options } from 'yargs';
import type { Option } from '../config/option.js';
import { cliOptions, options } from '../config/options.js';
import { failure } from '../errors.js';
import { nearest } from '../sys/nearest.js';
import { ownPackage } from '../sys/own-package.js';
import { epilogue, examples } from './help.js';

/** What the command line asks for, before any value is checked. */
export type Invocation =
  | { command: 'show'; text: string }
  | { command: 'watch'; targets: string[]; values: Values }
  | { command: 'ls' }
  | { command: 'cleanup'; ids: string[]; all: boolean };

/** What one command was asked. */
export type Asked<Command extends Invocation['command']> = Extract<Invocation, { command: Command }>;

/** Values by flag; a repeated one has several, `--no-x` is false. */
export type Values = Readonly<Record<string, unknown>>;

const flagged: Option[] = [...Object.values(options), ...Object.values(cliOptions)].filter(
  option => !('positional' in option),
);

const cleanupFlags = {
  all: { type: 'boolean', describe: 'Every dead instance (what happens without an id, too).' },
} as const;

/**
 * Reads the command line. Unknown flags and commands are refused here; values are checked with the config's.
 * @throws PTRAP_E_OPTION, PTRAP_E_SUBCOMMAND, PTRAP_E_ARGUMENT
 */
export async function readArguments(args: readonly string[]): Promise<Invocation> {
  let invocation: Invocation | undefined;
  let shown = '';
  await parser(args, chosen => (invocation = chosen)).parseAsync([...args], {}, (_error, _argv, output) => {
    shown = output;
  });
  return invocation ?? { command: 'show', text: shown };
}

type Choose = (invocation: Invocation) => void;

function parser(args: readonly string[], choose: Choose): Argv {
  return yargs()
    .scriptName('ptrap')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': true,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .command({
      command: ['watch [target..]', '$0'],
      describe: 'Say which process sends packets to a target (what ptrap does without a command, too)',
      builder: watchCommand,
      handler: argv => {
        requireKnown(
          argv,
          flagged.map(({ flag }) => flag),
        );
        const isNamed = argv._[0] === 'watch';
        const targets = words(argv['target'], argv._.slice(isNamed ? 1 : 0));
        if (!isNamed) refuseMisspelt(targets[0]);
        choose({ command: 'watch', targets, values: argv });
      },
    })
    .command({
      command: 'ls',
      describe: 'Running instances and what dead ones left behind',
      handler: argv => {
        requireKnown(argv, []);
        requireNoMore(argv._, 'ls');
        choose({ command: 'ls' });
      },
    })
    .command({
      command: 'cleanup [id..]',
      describe: 'Undo what dead instances left behind; a live one is never touched',
      builder: cleanup => cleanup.options(cleanupFlags),
      handler: argv => {
        requireKnown(argv, Object.keys(cleanupFlags));
        choose({ command: 'cleanup', ids: words(argv['id'], argv._.slice(1)), all: argv['all'] === true });
      },
    })
    .help('help')
    .alias('help', 'h')
    .version(ownPackage().version)
    .describe({ help: 'Show this help', version: 'Show the version' })
    .group(['help', 'version'], 'ptrap itself:')
    .wrap(Math.min(process.stdout.columns ?? 100, 110))
    .exitProcess(false)
    .fail(false);
}

function watchCommand(command: Argv): Argv {
  return command
    .positional('target', { type: 'string', array: true, describe: options.targets.docs })
    .options(Object.fromEntries(flagged.map(option => [option.flag, yargsOption(option)])))
    .example(examples)
    .epilogue(epilogue);
}

function yargsOption(option: Option): Options {
  return {
    group: `${option.group}:`,
    describe: option.kind === 'choice' ? `${option.docs} (${option.choices.join(', ')})` : option.docs,
    type: option.kind === 'boolean' ? 'boolean' : 'string',
    ...(option.alias !== undefined && { alias: option.alias }),
    ...(hasDefault(option) && { defaultDescription: String(option.default) }),
  };
}

function hasDefault({ default: value }: Option): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

/** Positional arguments, and those that came after `--`. */
function words(positional: unknown, rest: readonly (string | number)[]): string[] {
  return [...((positional as string[] | undefined) ?? []), ...rest.map(String)];
}

const commands = ['watch', 'ls', 'cleanup', 'help'];

/** A bare word in the place of a command, near to one, is a misspelt command and no host. */
function refuseMisspelt(word: string | undefined): void {
  if (word === undefined || !/^[a-z-]+$/i.test(word)) return;
  const meant = nearest(word, commands);
  if (meant !== undefined) throw failure('PTRAP_E_SUBCOMMAND', word, meant);
}

function requireKnown(argv: Values, flags: readonly string[]): void {
  const known = [...flags, 'help', 'version'];
  const positional = ['_', '$0', 'target', 'id'];
  const unknown = Object.keys(argv).find(key => !known.includes(key) && !positional.includes(key));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const dashes = unknown.length === 1 ? '-' : '--';
  throw failure('PTRAP_E_OPTION', dashes + unknown, near === undefined ? undefined : `--${near}`);
}

function requireNoMore(words: readonly (string | number)[], command: string): void {
  const extra = words[1];
  if (extra !== undefined) throw failure('PTRAP_E_ARGUMENT', String(extra), command);
}
