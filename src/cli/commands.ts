import type { Base, Kind, Option } from '../config/option.js';
import { cliOptions, options } from '../config/options.js';

/** What parser and help need to know of a flag; every row of the table of options is one. */
export type Flag = Omit<Base, 'group'> & Kind & { group: string; default?: unknown };

/** What `ptrap` can be told to do. */
export interface Command {
  /** What is given without a dash, as often as wanted. */
  positional?: 'target' | 'what' | 'id';
  describe: string;
  flags: readonly Flag[];
}

/** Name of a command. */
export type CommandName = 'watch' | 'doctor' | 'init' | 'ls' | 'cleanup';

const watchFlags: Option[] = [...Object.values(options), ...Object.values(cliOptions)].filter(
  option => !('positional' in option),
);

/** By name. Without a name `ptrap` means watch. */
export const commands: Readonly<Record<CommandName, Command>> = {
  watch: {
    positional: 'target',
    describe: 'Say which process sends packets to a target (what ptrap does without a command, too)',
    flags: watchFlags,
  },
  doctor: {
    describe:
      'What this machine offers to ptrap, what is missing and how to get it; tries each source and hold',
    flags: [
      {
        flag: 'json',
        kind: 'boolean',
        group: 'Options',
        docs: 'One JSON object instead of text (docs/doctor.schema.json).',
      },
    ],
  },
  init: {
    positional: 'what',
    describe: 'Write a ptrap.config.ts to start from; with "plugin NAME" a plugin of your own, with its test',
    flags: [{ flag: 'force', kind: 'boolean', group: 'Options', docs: 'Overwrite what is there already.' }],
  },
  ls: {
    describe: 'Running instances and what dead ones left behind',
    flags: [],
  },
  cleanup: {
    positional: 'id',
    describe: 'Undo what dead instances left behind; a live one is never touched',
    flags: [
      {
        flag: 'all',
        kind: 'boolean',
        group: 'Options',
        docs: 'Every dead instance (what happens without an id, too).',
      },
    ],
  },
};

/** Flags that every command takes. */
export const commonFlags: readonly Flag[] = [
  { flag: 'help', alias: 'h', kind: 'boolean', group: 'ptrap itself', docs: 'Show this help' },
  { flag: 'version', kind: 'boolean', group: 'ptrap itself', docs: 'Show the version' },
];
