import type { Flow, ProcessInfo, Ready, Sighting, Summary } from '../events.js';

/** What an example is to have other than by default: of the flow, of the process, or of the sighting itself. */
export interface Example extends Partial<Omit<Sighting, 'flow'>> {
  flow?: Partial<Flow>;
  /** Of the one process that sent it; with `resolution` it is that which counts. */
  process?: Partial<ProcessInfo>;
}

const instance = 'k3v9qa';
const target = '192.168.1.1:53/udp';

/** What dig asks over. */
export const exampleFlow: Flow = {
  family: 'ipv4',
  protocol: 'udp',
  src: { address: '10.0.0.2', port: 40001 },
  dst: { address: '192.168.1.1', port: 53 },
  oif: 'eth0',
  uid: 1000,
  gid: 1000,
  length: 60,
};

/** dig, asked for by a script that cron has started. */
export const exampleProcess: ProcessInfo = {
  pid: 991,
  startTime: 183_422,
  ppid: 990,
  comm: 'dig',
  exe: '/usr/bin/dig',
  argv: ['dig', 'example.org'],
  cwd: '/root',
  uid: 1000,
  user: 'alice',
  loginUid: 1000,
  cgroup: '/system.slice/cron.service',
  unit: 'cron.service',
  container: null,
  netns: 4_026_531_840,
  ancestors: [
    { pid: 990, comm: 'bash', argv: ['bash', '/etc/cron.daily/report'] },
    { pid: 1, comm: 'systemd', argv: ['/sbin/init'] },
  ],
};

let count = 0;

/**
 * A sighting to show to a plugin: alice's `dig` asks the name server 192.168.1.1, but for what is given. Each has an id
 * of its own.
 */
export function exampleSighting({ flow: ofFlow, process: ofProcess, ...rest }: Example = {}): Sighting {
  return {
    schema: 1,
    type: 'sighting',
    id: `${instance}-${(count += 1)}`,
    at: '2026-11-23T19:05:41.123456Z',
    instance,
    target,
    count: 1,
    flow: { ...exampleFlow, ...ofFlow },
    resolution: {
      status: 'resolved',
      via: 'sock-diag',
      grade: 'exact',
      latencyMs: 0.42,
      inode: 31_337,
      processes: [{ ...exampleProcess, ...ofProcess }],
    },
    notes: {},
    ...rest,
  };
}

export const exampleReady: Ready = {
  schema: 1,
  type: 'ready',
  instance,
  pid: 4242,
  targets: [target],
  source: 'journal',
  hold: { strategy: 'netem', delayMs: 60 },
  sourceLatencyMs: 9.1,
};

export const exampleSummary: Summary = {
  schema: 1,
  type: 'summary',
  instance,
  matches: 1,
  resolved: 1,
  unresolved: 0,
  suppressed: 0,
  lost: 0,
  reason: 'signal',
};
