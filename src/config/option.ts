/** Headings of `--help` and docs/options.md. */
type Group = 'What to watch' | 'How to catch it' | 'What to do with it' | 'When to stop' | 'ptrap itself';

/** What every option has. */
export interface Base {
  /** Spelling on the command line, without the dashes; `--no-` is made from it where it applies. */
  flag: string;
  alias?: string;
  group: Group;
  /** One sentence. */
  docs: string;
  /** A value, as it is typed after the flag; switches have none. */
  example?: string;
  /** Not a key of the config file. */
  cliOnly?: true;
  /** What a shell completes a text to. */
  completes?: 'file' | 'command' | 'user' | 'netns';
  /** Given without a dash. */
  positional?: true;
}

/** What values an option takes; zod schema, the parser, the help and docs are made from it. */
export type Kind =
  | { kind: 'boolean' }
  | { kind: 'text' }
  | { kind: 'targets' }
  | { kind: 'plugins' }
  | { kind: 'integer'; min: number; max?: number }
  | { kind: 'duration'; min: number; max: number; auto?: true }
  | { kind: 'choice'; choices: readonly string[] };

/** A row of the table of options. */
export type Option = Base & Kind & { default?: unknown };

/** The same for a flag of any command, in whatever group. */
export type Flag = Omit<Option, 'group'> & Kind & { group: string };
