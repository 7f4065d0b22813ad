import { z } from 'zod';

/**
 * The event contract (schema 1): what `--output json` prints, one object a line, and what plugins are given.
 * Declared once; types and JSON Schema come from here. It grows only by adding.
 */

const endpoint = z.strictObject({
  address: z
    .string()
    .describe(
      'IPv4 or IPv6 address in its canonical short form; a source’s is 0.0.0.0 or :: where --source audit has not looked up its socket',
    ),
  port: z
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe(
      'absent for a protocol without ports, and for a source where --source audit has not looked up its socket',
    ),
});

const flow = z.strictObject({
  family: z.enum(['ipv4', 'ipv6']),
  protocol: z.string().describe('tcp, udp, icmp, icmpv6, sctp, …; a decimal number where there is no name'),
  src: endpoint,
  dst: endpoint.describe('what the application dialled, before DNAT'),
  oif: z
    .string()
    .describe('device that the packet leaves by; empty with --source audit, which sees calls and no packets'),
  iif: z.string().optional().describe('device that the packet came in by; only of one that is forwarded'),
  uid: z.int().nullable().describe('owner of the sending socket; null where the kernel names none'),
  gid: z.int().nullable(),
  length: z.int().describe('bytes of the IP packet'),
  packetSocket: z
    .literal(true)
    .optional()
    .describe(
      'sent over a packet socket (packet(7)), which writes all headers itself: what they say may be forged',
    ),
  tcpFlags: z.array(z.string()).optional().describe('tcp only: SYN, ACK, …'),
  icmp: z
    .strictObject({ type: z.int(), code: z.int(), id: z.int().optional() })
    .optional()
    .describe('icmp and icmpv6 only'),
});

const ancestor = z.strictObject({ pid: z.int(), comm: z.string(), argv: z.array(z.string()) });

const runtime = z
  .enum(['docker', 'podman', 'containerd', 'cri-o', 'lxc', 'systemd-nspawn'])
  .optional()
  .describe('the container’s; absent where its cgroup does not tell');
const pod = z
  .string()
  .optional()
  .describe('the container’s: UID in Kubernetes, id in podman; absent where its cgroup tells of none');

const processInfo = z.strictObject({
  pid: z.int(),
  nsPid: z
    .int()
    .optional()
    .describe('the pid in its own pid namespace, as in a container; absent where that is ptrap’s'),
  startTime: z
    .int()
    .describe(
      'clock ticks after boot; with the pid it identifies the process; 0 where the kernel named no more than the pid of one that has ended',
    ),
  ppid: z.int(),
  comm: z.string(),
  exe: z.string().nullable(),
  argv: z.array(z.string()),
  cwd: z.string().nullable(),
  uid: z.int(),
  user: z.string().nullable(),
  loginUid: z.int().nullable(),
  cgroup: z.string().nullable(),
  unit: z.string().nullable().describe('systemd unit'),
  container: z.string().nullable().describe('container id, or name where its engine gives none'),
  runtime,
  pod,
  netns: z.int().nullable().describe('inode of the network namespace'),
  ancestors: z.array(ancestor).describe('parent first, up to PID 1'),
});

const sender = z.strictObject({
  uid: z.int(),
  user: z.string().nullable(),
  cgroup: z.string().nullable(),
  unit: z.string().nullable().describe('systemd unit'),
  container: z.string().nullable().describe('container id, or name where its engine gives none'),
  runtime,
  pod,
});

const grade = z.enum(['exact', 'wildcard', 'shared', 'cgroup', 'uid', 'history', 'call']);

const unresolvedReason = z.enum(['exited', 'kernel', 'forwarded', 'other-netns', 'ambiguous', 'timeout']);

/** Who sent a packet, or why nobody can be named; plugins' answers are held to it too. */
export const resolution = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('resolved'),
    via: z
      .string()
      .describe('what named the process: sock-diag, procfs, process-table, nft, bpf, audit, or a plugin'),
    grade,
    latencyMs: z.number().describe('from the match to the answer'),
    inode: z.int().nullable().describe('of the socket'),
    processes: z.array(processInfo),
    sender: sender
      .optional()
      .describe('all that is known of it where the process cannot be named: grades cgroup and uid'),
  }),
  z.strictObject({
    status: z.literal('unresolved'),
    reason: unresolvedReason,
    latencyMs: z.number(),
    suspects: z
      .array(processInfo)
      .optional()
      .describe(
        'processes of which one may have sent it, and nothing says which, if any; only for packet sockets',
      ),
  }),
]);

const schema = z.literal(1);
const count = z.int().min(0);

const ready = z.strictObject({
  schema,
  type: z.literal('ready'),
  instance: z.string(),
  pid: z.int(),
  targets: z.array(z.string()),
  source: z.string(),
  hold: z.strictObject({ strategy: z.enum(['netem', 'queue', 'none']), delayMs: z.number() }),
  sourceLatencyMs: z.number().describe('from send to match, measured with probe packets at start'),
});

const sighting = z.strictObject({
  schema,
  type: z.literal('sighting'),
  id: z.string().describe('<instance>-<number>'),
  at: z.string().describe('when the packet was seen, ISO 8601 with microseconds'),
  instance: z.string(),
  target: z.string(),
  count: z.int().min(1).describe('how many sightings this one stands for'),
  flow,
  resolution,
  notes: z
    .record(z.string(), z.unknown())
    .describe('what plugins added, by plugin name; pretty shows the `text` of a note that has one'),
  host: z.string().optional().describe('the machine that saw it; only in what `ptrap events` prints'),
});

const summary = z.strictObject({
  schema,
  type: z.literal('summary'),
  instance: z.string(),
  matches: count,
  resolved: count,
  unnamed: count
    .optional()
    .describe('of the resolved, those that only a cgroup or a user is known of; absent where there are none'),
  unresolved: count,
  suppressed: count.describe('under the limit, or ptrap’s own'),
  lost: count.describe('matches that the source knows it missed'),
  reason: z.enum(['signal', 'count', 'for', 'error']),
  missed: z
    .record(z.string(), count)
    .optional()
    .describe('sightings that a plugin was too slow for, by plugin; absent where there are none'),
  unwritten: count
    .optional()
    .describe('lines that the reader of stdout was too slow for up to here; absent where there are none'),
  gaps: z
    .array(z.string())
    .optional()
    .describe(
      'what could not be seen or held for a time, in words, as it was told on stderr; absent where there was nothing',
    ),
});

/** Any line of `--output json`. */
export const event = z.discriminatedUnion('type', [ready, sighting, summary]);

export type Flow = z.infer<typeof flow>;
export type Ancestor = z.infer<typeof ancestor>;
export type ProcessInfo = z.infer<typeof processInfo>;
export type Sender = z.infer<typeof sender>;
export type Grade = z.infer<typeof grade>;
export type UnresolvedReason = z.infer<typeof unresolvedReason>;
export type Resolution = z.infer<typeof resolution>;
export type Ready = z.infer<typeof ready>;
export type Sighting = z.infer<typeof sighting>;
export type Summary = z.infer<typeof summary>;
export type Event = z.infer<typeof event>;
