import type { Point } from './points.js';

/** A call, as a line of the program tells it. */
export interface Call {
  tag: number;
  family: Point['family'];
  kind: Point['kind'];
  /** When, in ms on the kernel's clock. */
  kernelMs: number;
  pid: number;
  uid: number;
  gid: number;
  /** Of the process, whichever of its threads called; undefined where it cannot be told from its escapes. */
  comm: string | undefined;
  /** Clock ticks after boot. */
  startTime: number;
  ppid: number;
  loginUid: number;
  isKernel: boolean;
  /** Owner of the socket. */
  socketUid: number;
  protocol: number;
  /** Index of the device that the socket is bound to; 0 for none. */
  oif: number;
  /** Of IPv4 the first four. */
  src: Buffer;
  dst: Buffer;
  /** In host order; of a ping its id. */
  sport: number;
  dport: number;
  /** What the call sends, without any header, in bytes. */
  bytes: number;
}

const KINDS = ['connect', 'tcp', 'udp', 'ping', 'raw'] as const satisfies readonly Point['kind'][];

/** PF_KTHREAD (linux/sched.h). */
const KERNEL_THREAD = 0x200000;
/** TASK_COMM_LEN (linux/sched.h). */
const COMM_BYTES = 16;
const NS_PER_TICK = 10_000_000;

/** What a line tells, in order: format (printf(3)), and value. All are numbers but the last, which is the sender's to choose. */
const FIELDS: readonly (readonly [format: string, value: string])[] = [
  ['%d', '$tag'],
  ['%d', '$inet'],
  ['%d', '$kind'],
  ['%llu', 'nsecs'],
  ['%d', 'pid'],
  ['%u', 'uid'],
  ['%u', 'gid'],
  ['%llu', '$leader->start_boottime'],
  ['%d', '$leader->real_parent->tgid'],
  ['%u', '$leader->loginuid.val'],
  ['%u', '$task->flags'],
  ['%u', '$sk->sk_uid.val'],
  ['%u', '$protocol'],
  ['%u', '$sk->__sk_common.skc_bound_dev_if'],
  ...['$s0', '$s1', '$s2', '$s3', '$d0', '$d1', '$d2', '$d3'].map(word => ['%x', word] as const),
  ['%u', '$sk->__sk_common.skc_num'],
  ['%u', '$dport'],
  ['%llu', '$bytes'],
  ['%r', `buf($leader->comm, ${COMM_BYTES})`],
];

/** The statements that print the line of a call: they take `$sk` and the variables that are named in {@link FIELDS}. */
export const PRINT = [
  '$task = (struct task_struct *)curtask;',
  '$leader = $task->group_leader;',
  `printf("${FIELDS.map(([format]) => format).join(' ')}\\n", ${FIELDS.map(([, value]) => value).join(', ')});`,
];

/** What `$kind` is for a kind of call. */
export function kindNumber(kind: Point['kind']): number {
  return KINDS.indexOf(kind);
}

const NUMBERS = 25;
const LINE = new RegExp(`^((?:[0-9a-f]+ ){${NUMBERS}})(.*)$`, 's');

/** Reads such a line; undefined for anything else. */
export function readCall(line: string): Call | undefined {
  const [, numbers = '', comm = ''] = LINE.exec(line) ?? [];
  const words = numbers.split(' ');
  if (words.length !== NUMBERS + 1) return undefined;
  const decimal = (index: number): number => Number(words[index]);
  const kind = KINDS[decimal(2)];
  if (kind === undefined) return undefined;
  return {
    tag: decimal(0),
    family: words[1] === '4' ? 'ipv4' : 'ipv6',
    kind,
    kernelMs: decimal(3) / 1e6,
    pid: decimal(4),
    uid: decimal(5),
    gid: decimal(6),
    startTime: Math.floor(decimal(7) / NS_PER_TICK),
    ppid: decimal(8),
    loginUid: decimal(9),
    isKernel: (decimal(10) & KERNEL_THREAD) !== 0,
    socketUid: decimal(11),
    protocol: decimal(12),
    oif: decimal(13),
    src: inMemory(words.slice(14, 18)),
    dst: inMemory(words.slice(18, 22)),
    sport: decimal(22),
    dport: decimal(23),
    bytes: decimal(24),
    comm: commOf(comm),
  };
}

/** Words as they lay in memory, in hex. */
function inMemory(words: readonly string[]): Buffer {
  return Buffer.from(new Uint32Array(words.map(word => parseInt(word, 16))).buffer);
}

/** bpftrace shows bytes of a buffer as themselves where they are printable, a backslash too, else as `\x1b`. */
function commOf(shown: string): string | undefined {
  const bytes: number[] = [];
  for (const [escape] of shown.matchAll(/\\x[0-9a-f]{2}|./gs))
    bytes.push(escape.length > 1 ? parseInt(escape.slice(2), 16) : escape.charCodeAt(0));
  // fewer where the name itself looks like an escape
  if (bytes.length !== COMM_BYTES) return undefined;
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.slice(0, end)).toString('utf8');
}
