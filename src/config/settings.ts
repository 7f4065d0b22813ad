import type { Plugin } from '../hooks.js';

/** What one run of ptrap was asked for: flags over config file over defaults, checked. */
export interface Settings {
  /** Target texts that `parseTarget` has accepted. */
  targets: string[];
  newConnections: boolean;
  /** The network namespace to watch, as `findNetns` takes it; undefined: our own. */
  netns: string | undefined;
  /** Also packets that this machine forwards. */
  forwarded: boolean;
  source: 'auto' | 'journal' | 'nflog' | 'queue' | 'bpf' | 'audit';
  /** Undefined: netem where the kernel has it, else none, with a note. The queue source holds packets itself. */
  hold: 'netem' | 'none' | undefined;
  /** How packets get to netem. Undefined: egress, or clsact where the kernel has no egress hook, with a note. */
  holdStrategy: 'egress' | 'clsact' | 'root' | undefined;
  /** Milliseconds, or `auto`: measured at start, 100 for the queue source. */
  delay: number | 'auto';
  /** Follow the machine's processes as they begin and end. */
  processTable: boolean;
  /** Most sightings a minute for one key. */
  limit: number;
  limitPer: 'connection' | 'process' | 'executable' | 'none';
  /** The command of `-e`; its plugin is already among `plugins`. */
  exec: string | undefined;
  /** Whom that command runs as: a name or uid that there is; undefined: as ptrap. */
  execUser: string | undefined;
  plugins: Plugin[];
  output: 'pretty' | 'live' | 'json' | 'quiet';
  /** Stop after so many sightings. */
  count: number | undefined;
  /** Stop after so many milliseconds. */
  for: number | undefined;
  failOnMatch: boolean;
  dryRun: boolean;
  verbose: boolean;
}
