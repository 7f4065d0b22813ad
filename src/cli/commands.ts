import type { Flag, Option } from '../config/option.js';
import { cliOptions, options } from '../config/options.js';

/** What `ptrap` can be told to do. */
export interface Command {
  /** What is given without a dash, as often as wanted. */
  positional?: 'target' | 'what' | 'id';
  describe: string;
  flags: readonly Flag[];
}

/** Name of a command. */
export type CommandName = 'watch' | 'events' | 'doctor' | 'init' | 'ls' | 'cleanup';

const watchFlags: Option[] = [...Object.values(options), ...Object.values(cliOptions)].filter(
  option => !('positional' in option),
);

const eventFlags: readonly Flag[] = [
  {
    flag: 'since',
    kind: 'text',
    group: 'Which',
    docs: 'Not before this time, as systemd.time(7) has it: yesterday, "2026-11-24 03:00", "2 hours ago", -90m.',
  },
  { flag: 'until', kind: 'text', group: 'Which', docs: 'Not after this time.' },
  { flag: 'exe', kind: 'text', group: 'Which', docs: 'Of this program: its name, or its full path.' },
  { flag: 'unit', kind: 'text', group: 'Which', docs: 'Of this systemd unit.' },
  { flag: 'user', kind: 'text', completes: 'user', group: 'Which', docs: 'Of this user.' },
  { flag: 'host', kind: 'text', group: 'Which', docs: 'Seen by this machine (with --merge or --directory).' },
  {
    flag: 'merge',
    alias: 'm',
    kind: 'boolean',
    group: 'Where from',
    docs: 'From the journals of all machines that are gathered here (systemd-journal-remote).',
  },
  {
    flag: 'directory',
    alias: 'D',
    kind: 'text',
    completes: 'file',
    group: 'Where from',
    docs: 'From the journal files in this folder.',
  },
  {
    flag: 'follow',
    alias: 'f',
    kind: 'boolean',
    group: 'How',
    docs: 'Go on with what is written from now on.',
  },
  {
    flag: 'summary',
    kind: 'boolean',
    group: 'How',
    docs: 'Who talked to what, how often, first and last seen, in place of each sighting.',
  },
  {
    flag: 'output',
    kind: 'choice',
    choices: ['pretty', 'json', 'csv'],
    default: 'pretty',
    group: 'How',
    docs: 'Text for a person, one JSON object a line, or comma-separated values.',
  },
];

/** By name. Without a name `ptrap` means watch. */
export const commands: Readonly<Record<CommandName, Command>> = {
  watch: {
    positional: 'target',
    describe: 'Say which process sends packets to a target (what ptrap does without a command, too)',
    flags: watchFlags,
  },
  events: {
    positional: 'target',
    describe: 'What was seen before: sightings that --plugin journal has written to the journal',
    flags: eventFlags,
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
