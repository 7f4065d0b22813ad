import type { Hook } from '../hold/netem.js';
import type { Source } from '../match/source.js';

/**
 * Where something is tried. `apart`: in a network namespace of its own, which nobody else's packets pass. `here`: what
 * only this one has; no rule of it matches anything but what ptrap sends itself over lo.
 */
type Place = 'apart' | 'here';

/** What the kernel has to have. */
export type Feature =
  | 'nf_tables'
  | 'owner'
  | 'egress'
  | 'cgroups'
  | 'nflog'
  | 'queue'
  | 'ifb'
  | 'netem'
  | 'sockDiag'
  | 'processEvents';

/** All sources but audit: to try that would change what is recorded of the whole machine. */
type Tried = Exclude<Source['name'], 'audit'>;

/** Something that is tried for real. */
export type Trial = Feature | `source ${Tried}` | `hold ${Hook}`;

interface Row {
  place: Place;
  /** What is not tried where one of these does not work. */
  needs: readonly Trial[];
}

/** Each source: add one here, its trial and its check come of it. */
export const sources = {
  journal: {
    place: 'here',
    needs: ['sockDiag'],
    isHeldBy: 'netem',
    costs: 'nothing, where another source works: ptrap then takes nflog by itself',
    sees: 'reads the kernel’s log',
  },
  nflog: {
    place: 'apart',
    needs: ['nflog', 'sockDiag'],
    isHeldBy: 'netem',
    costs:
      'what packets carry is not seen (plugins dns and tls-sni), and each match is a line in the kernel’s log',
    sees: 'reads packets, writes no log line',
  },
  queue: {
    place: 'apart',
    needs: ['queue', 'sockDiag'],
    isHeldBy: 'itself',
    costs: 'packets can only be held for a fixed time, by netem',
    sees: 'holds each packet until its process is known',
  },
  bpf: {
    place: 'here',
    needs: [],
    isHeldBy: 'nothing',
    costs: 'who sends and ends at once is not always named',
    sees: 'sees who sends, and holds nothing',
  },
} as const satisfies Record<
  Tried,
  Row & { isHeldBy: 'netem' | 'itself' | 'nothing'; costs: string; sees: string }
>;

/** Each way of packets into netem. */
export const holds = {
  egress: { place: 'apart', needs: ['netem', 'egress'], costs: 'filters in clsact are used instead' },
  clsact: { place: 'apart', needs: ['netem'], costs: 'nothing, where egress works' },
  root: { place: 'apart', needs: ['netem'], costs: 'nothing, where egress or clsact works' },
} as const satisfies Record<Hook, Row & { costs: string }>;

const features: Record<Feature, Row> = {
  nf_tables: { place: 'apart', needs: [] },
  owner: { place: 'apart', needs: ['nf_tables'] },
  egress: { place: 'apart', needs: ['owner'] },
  cgroups: { place: 'apart', needs: ['nf_tables'] },
  nflog: { place: 'apart', needs: [] },
  queue: { place: 'apart', needs: ['nf_tables'] },
  ifb: { place: 'apart', needs: [] },
  netem: { place: 'apart', needs: ['ifb'] },
  sockDiag: { place: 'apart', needs: [] },
  processEvents: { place: 'here', needs: [] },
};

const prefixed = (prefix: string, rows: Record<string, Row>) =>
  Object.entries(rows).map(([name, row]) => [`${prefix} ${name}`, row] as const);

/** All of them, in the order in which they are tried. */
export const trials = Object.fromEntries([
  ...Object.entries(features),
  ...prefixed('source', sources),
  ...prefixed('hold', holds),
]) as Record<Trial, Row>;
