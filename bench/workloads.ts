/** Senders that a tool is to name (bench/workload/senders.pl). */
export interface Workload {
  name: string;
  protocol: 'udp' | 'tcp';
  /** What a sender waits for before it exits. */
  until: 'answer' | 'sent';
  /** How long the server takes to answer, in ms (tcp: always SERVER_DELAY_MS). */
  delayMs: number;
  count: number;
  /** Pause between two senders, in ms; `flood` for none, and all at once. */
  gapMs: number | 'flood';
  /** Another process on the same port number of 127.0.0.1; a forked child that holds the socket too. */
  with: 'nothing' | 'decoy' | 'heir';
  /** How long nothing is sent before it, in ms. */
  restMs: number;
  /** On a machine with 2,000 more processes of 40 descriptors each. */
  crowded: boolean;
  /** Outside of any namespace. */
  atHome: boolean;
  /** Whether it is there in the virtual machine, where everything takes 10 to 80 times as long. */
  inVm: boolean;
}

/** How long the server takes where it does not answer at once, in ms: about what a resolver on the internet does. */
export const SERVER_DELAY_MS = 20;

const kinds = [
  {
    name: 'UDP, answered after 20 ms',
    protocol: 'udp',
    until: 'answer',
    delayMs: SERVER_DELAY_MS,
    inVm: false,
  },
  { name: 'UDP, answered at once', protocol: 'udp', until: 'answer', delayMs: 0, inVm: true },
  { name: 'UDP, send and exit', protocol: 'udp', until: 'sent', delayMs: 0, inVm: true },
  {
    name: 'TCP, greeted after 20 ms',
    protocol: 'tcp',
    until: 'answer',
    delayMs: SERVER_DELAY_MS,
    inVm: false,
  },
  { name: 'TCP, connect and exit', protocol: 'tcp', until: 'sent', delayMs: 0, inVm: true },
] as const satisfies Partial<Workload>[];

const [answered] = kinds;
const oneByOne = { count: 40, gapMs: 10, with: 'nothing', restMs: 0, crowded: false, atHome: false } as const;
const flood = { ...oneByOne, count: 500, gapMs: 'flood' } as const;
const misled = { ...answered, ...oneByOne, count: 12, inVm: true } as const;

/** Every workload, in the order of the page. */
export const workloads: readonly Workload[] = [
  ...kinds.map(kind => ({ ...kind, ...oneByOne })),
  { ...misled, name: 'decoy on the same port number', with: 'decoy' },
  { ...misled, name: 'socket that a child inherited', with: 'heir' },
  ...kinds.map(kind => ({
    ...kind,
    ...flood,
    name: `flood: ${kind.name}`,
    inVm: kind.inVm && kind.name !== 'UDP, send and exit',
  })),
  { ...answered, ...oneByOne, name: '2,000 processes', crowded: true },
  ...[0, 2_000].map(restMs => ({
    ...answered,
    ...oneByOne,
    name: restMs === 0 ? 'as soon as it is ready' : '2 s later',
    restMs,
    atHome: true,
  })),
  ...[0, 2_000].map(restMs => ({
    ...answered,
    ...oneByOne,
    name: `2,000 processes, ${restMs === 0 ? 'as soon as it is ready' : '2 s later'}`,
    restMs,
    crowded: true,
    atHome: true,
  })),
];
