import type { Plugin } from '../hooks.js';
import type { Base, Kind, Option } from './option.js';
import type { Settings } from './settings.js';

/** A plugin in a config file: an instance, a built-in's name or a path, or one of these with options. */
export type PluginReference = Plugin | string | readonly [name: string, options: unknown];

/** Every setting must have a row, and a row's default must fit its setting: a missing one does not compile. */
type Rows = { [Key in keyof Settings]: Base & Kind & { default: Settings[Key] } };

const DAY = 24 * 60 * 60 * 1000;

/** The one table of settings. Config type and schema, command line, help and docs all come from it. */
export const options = {
  targets: {
    flag: 'target',
    positional: true,
    kind: 'targets',
    default: [],
    group: 'What to watch',
    docs: 'An address, network or host name, with or without port (or range) and protocol; several may be given.',
    example: '192.168.1.1:53/udp',
  },
  newConnections: {
    flag: 'new-connections',
    alias: 'c',
    kind: 'boolean',
    default: false,
    group: 'What to watch',
    docs: 'Of tcp, match only the packet that opens a connection.',
  },
  netns: {
    flag: 'netns',
    kind: 'text',
    completes: 'netns',
    default: undefined,
    group: 'What to watch',
    docs: 'Watch inside another network namespace: a name that ip netns lists, a pid, a path, or the id or name of a running container.',
    example: 'web-1',
  },
  forwarded: {
    flag: 'forwarded',
    kind: 'boolean',
    default: false,
    group: 'What to watch',
    docs: 'Also what this machine forwards: packets of containers, virtual machines and other network namespaces on it. Who sent it is looked for in the namespaces that have its source address.',
  },
  source: {
    flag: 'source',
    kind: 'choice',
    choices: ['auto', 'journal', 'nflog', 'queue', 'bpf', 'audit'],
    default: 'auto',
    group: 'How to catch it',
    docs: 'Where matches are read from: auto takes the journal where journald runs, else nflog. queue holds what opens a connection, or is the first packet of a flow, until its process is known. bpf has bpftrace see the calls that send: it names a process that sends and ends at once, holds nothing and needs no rules. audit does so where eBPF cannot run, by the kernel’s audit: every connect and send of the whole machine is recorded, and slower for it.',
    example: 'journal',
  },
  hold: {
    flag: 'hold',
    kind: 'choice',
    choices: ['netem', 'none'],
    default: undefined,
    group: 'How to catch it',
    docs: 'What keeps a packet back until its process is known; by default netem where the kernel has it, else none.',
    example: 'none',
  },
  holdStrategy: {
    flag: 'hold-strategy',
    kind: 'choice',
    choices: ['egress', 'clsact', 'root'],
    default: undefined,
    group: 'How to catch it',
    docs: 'How packets get to netem, see docs/qdiscs.md; by default egress where the kernel has that hook, else clsact. root, only when asked for, puts another qdisc in the place of yours until the end; what is sent in the moments of these two changes can be lost.',
    example: 'clsact',
  },
  delay: {
    flag: 'delay',
    alias: 's',
    kind: 'duration',
    min: 1,
    max: 60_000,
    auto: true,
    default: 'auto',
    group: 'How to catch it',
    docs: "How long a packet is held back: milliseconds or a duration; auto measures the source's latency at start. With --source queue at the most: 100 ms unless given.",
    example: '60ms',
  },
  processTable: {
    flag: 'process-table',
    kind: 'boolean',
    default: true,
    group: 'How to catch it',
    docs: 'Follow all processes as they begin and end: quicker, and it knows who has just ended; --no-process-table searches /proc for each match instead.',
  },
  limit: {
    flag: 'limit',
    alias: 'n',
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 20,
    group: 'What to do with it',
    docs: 'Most sightings a minute for one key (see --limit-per); the rest is counted, not shown.',
    example: '5',
  },
  limitPer: {
    flag: 'limit-per',
    kind: 'choice',
    choices: ['connection', 'process', 'executable', 'none'],
    default: 'connection',
    group: 'What to do with it',
    docs: 'What the limit counts by; none lifts it.',
    example: 'process',
  },
  exec: {
    flag: 'exec',
    alias: 'e',
    kind: 'text',
    completes: 'command',
    default: undefined,
    group: 'What to do with it',
    docs: 'A command run for each sighting, with the PID as its last argument and PTRAP_* in its environment.',
    example: '"pstree -p -H"',
  },
  execUser: {
    flag: 'exec-user',
    kind: 'text',
    completes: 'user',
    default: undefined,
    group: 'What to do with it',
    docs: 'The user, by name or uid, that the command of --exec runs as: in the groups and with the environment of that user, in /, and unable to become another.',
    example: 'nobody',
  },
  plugins: {
    flag: 'plugin',
    kind: 'plugins',
    default: [],
    group: 'What to do with it',
    docs: "A plugin's name, also of an installed ptrap-plugin-NAME, or the path of one of your own; repeatable.",
    example: './my-plugin.ts',
  },
  output: {
    flag: 'output',
    kind: 'choice',
    choices: ['pretty', 'live', 'json', 'quiet'],
    default: 'pretty',
    group: 'What to do with it',
    docs: 'On stdout: text for a person, a table that is kept up to date (on a terminal; else pretty), one JSON object a line, or only what commands and plugins print.',
    example: 'json',
  },
  count: {
    flag: 'count',
    kind: 'integer',
    min: 1,
    default: undefined,
    group: 'When to stop',
    docs: 'Stop after so many sightings.',
    example: '1',
  },
  for: {
    flag: 'for',
    kind: 'duration',
    min: 1,
    max: 24 * DAY,
    default: undefined,
    group: 'When to stop',
    docs: 'Stop after this time: milliseconds or a duration.',
    example: '10m',
  },
  failOnMatch: {
    flag: 'fail-on-match',
    kind: 'boolean',
    default: false,
    group: 'When to stop',
    docs: 'Exit with code 10 when anything was seen.',
  },
  dryRun: {
    flag: 'dry-run',
    kind: 'boolean',
    default: false,
    cliOnly: true,
    group: 'ptrap itself',
    docs: 'Print the nft ruleset, the commands and the files that would be made; change nothing.',
  },
  verbose: {
    flag: 'verbose',
    alias: 'v',
    kind: 'boolean',
    default: false,
    group: 'ptrap itself',
    docs: 'Show on stderr each command that is run and what it answered.',
  },
} as const satisfies Rows;

/** Flags that are no setting of their own: another spelling of one target, and where the config lies. */
export const cliOptions = {
  ip: {
    flag: 'ip',
    alias: 'i',
    kind: 'text',
    cliOnly: true,
    group: 'What to watch',
    docs: 'Address, network or host name of the target; without it: any host.',
    example: '192.168.1.1',
  },
  port: {
    flag: 'port',
    alias: 'p',
    kind: 'text',
    cliOnly: true,
    group: 'What to watch',
    docs: 'Port or port range of the target; without it: any port.',
    example: '53',
  },
  tcp: {
    flag: 'tcp',
    alias: 't',
    kind: 'boolean',
    cliOnly: true,
    group: 'What to watch',
    docs: 'Only tcp (without -t and -u: tcp and udp).',
  },
  udp: {
    flag: 'udp',
    alias: 'u',
    kind: 'boolean',
    cliOnly: true,
    group: 'What to watch',
    docs: 'Only udp.',
  },
  config: {
    flag: 'config',
    kind: 'text',
    completes: 'file',
    cliOnly: true,
    group: 'ptrap itself',
    docs: 'The config file, instead of the one that is found; --no-config takes none.',
    example: './ptrap.config.ts',
  },
} as const satisfies Record<string, Option>;

type Table = typeof options;

/** Settings that a config file may hold. */
export type ConfigKey = {
  [Key in keyof Table]: Table[Key] extends { cliOnly: true } ? never : Key;
}[keyof Table];

type Input<Row> = Row extends { choices: readonly (infer Choice)[] }
  ? Choice
  : Row extends { kind: 'boolean' }
    ? boolean
    : Row extends { kind: 'integer' }
      ? number
      : Row extends { kind: 'duration' }
        ? number | string
        : Row extends { kind: 'targets' }
          ? string[]
          : Row extends { kind: 'plugins' }
            ? PluginReference[]
            : string;

/** What a config file exports, see docs/options.md. */
export type Config = { [Key in ConfigKey]?: Input<Table[Key]> | undefined };

/** The rows that a config file may set. */
export const configOptions = Object.fromEntries(
  Object.entries(options).filter(([, option]) => !('cliOnly' in option)),
) as Record<ConfigKey, Option>;
