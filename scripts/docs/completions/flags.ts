import { byName } from '../../../plugins/index.js';
import { commands, commonFlags, type CommandName } from '../../../src/cli/commands.js';
import type { Flag } from '../../../src/config/option.js';

/** What a shell can complete the value of a flag to. */
type Value =
  | { from: 'words'; words: readonly string[] }
  | { from: 'plugins or files'; words: readonly string[] }
  | { from: 'file' | 'command' | 'user' | 'netns' }
  | { from: 'nowhere' };

/** A flag as a shell offers it. */
export interface Offered {
  flag: string;
  alias: string | undefined;
  /** The first sentence of its docs. */
  text: string;
  /** Undefined for a switch. */
  value: Value | undefined;
}

export const commandNames = Object.keys(commands) as CommandName[];

/** Without a command it is this one. */
export const DEFAULT: CommandName = 'watch';

export const textOf = (name: CommandName): string => firstSentence(commands[name].describe);

/** The flags of a command, those of every command among them, and `--no-x` where the docs name it. */
export function offeredBy(name: CommandName): Offered[] {
  return [...commands[name].flags, ...commonFlags].flatMap(flag => {
    const offered = {
      flag: flag.flag,
      alias: flag.alias,
      text: firstSentence(flag.docs),
      value: valueOf(flag),
    };
    const negated = {
      flag: `no-${flag.flag}`,
      alias: undefined,
      text: `Not --${flag.flag}`,
      value: undefined,
    };
    return flag.docs.includes(`--no-${flag.flag}`) ? [offered, negated] : [offered];
  });
}

/** `-x` and `--xx`. */
export const spellings = ({ flag, alias }: Offered): string[] => [
  ...(alias === undefined ? [] : [`-${alias}`]),
  `--${flag}`,
];

function valueOf(flag: Flag): Value | undefined {
  switch (flag.kind) {
    case 'boolean':
      return undefined;
    case 'choice':
      return { from: 'words', words: flag.choices };
    case 'duration':
      return flag.auto ? { from: 'words', words: ['auto'] } : { from: 'nowhere' };
    case 'plugins':
      return { from: 'plugins or files', words: Object.keys(byName) };
    default:
      return { from: flag.completes ?? 'nowhere' };
  }
}

/** Up to where it goes into detail. */
function firstSentence(text: string): string {
  return (text.split(/[:;(]|\. |\.$/, 1)[0] ?? text).trim();
}
