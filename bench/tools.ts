import { fileURLToPath } from 'node:url';
import type { Sighting } from './join.js';
import { TARGET } from './target.js';

/** Something that says which process sends. */
export interface Tool {
  name: string;
  /** For the page: what it is. */
  what: string;
  /** The command line; undefined for no tool at all, against which the others are held. */
  command?: readonly [string, ...string[]];
  /** The line that says that it is in place; without one it is when it has seen a first probe packet. */
  ready?: RegExp;
  /** What a line of its stdout says; undefined where it says nothing of a packet. */
  parse(line: string): Sighting | undefined;
  /** It cannot keep up with a flood: it is started anew after one, or its backlog would spoil what comes next. */
  fallsBehind?: boolean;
  /** Measured on the host only, where the other place would show nothing more, or only in the virtual machine. */
  only?: 'host' | 'vm';
  /** It works the same in any namespace: not measured outside of them once more. */
  isNamespaceBlind?: boolean;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const { address, port, device } = TARGET;

/** The built program. */
export const PTRAP = path('../dist/src/cli.js');

/** As a 32-bit and a 16-bit number of this (little-endian) machine, read from where they lie in network order. */
const inMemory = [
  `${Buffer.from(address.split('.').map(Number)).readUInt32LE()}`,
  `${Buffer.from([port >> 8, port & 255]).readUInt16LE()}`,
];

/** ptrap with one of its sources. */
export function ptrap(
  source: string,
  what: string,
  options: readonly string[],
  target = `${address}:${port}`,
): Tool {
  const always = ['--no-config', '--output', 'json', '--source', source];
  return {
    name: `ptrap ${source}`,
    what: `\`ptrap watch --source ${source}\`: ${what}`,
    command: [process.execPath, PTRAP, 'watch', ...always, ...options, target],
    ready: /"type":"ready"/,
    parse: source === 'journal' ? parsePtrap : parseTimed,
  };
}

/** The queue source on a host whose kernel has NFQUEUE, but no nft statement for it. */
function queueByIptables(): Tool {
  const queue = ptrap(
    'queue',
    'as it is, but the rules mark what they would queue and iptables queues it (`bench/queue`): this kernel has NFQUEUE, but not nft’s `queue`',
    EACH,
  );
  return {
    ...queue,
    name: 'ptrap queue, by iptables',
    command: ['bash', path('queue/run.sh'), ...queue.command!],
    only: 'host',
    isNamespaceBlind: true,
  };
}

/** A source of calls instead of packets, of whatever namespace. */
function byCalls(source: string, what: string): Tool {
  return { ...ptrap(source, what, EACH), parse: parsePtrap, only: 'host', isNamespaceBlind: true };
}

/** Every packet is a sighting, of tcp the opening SYN. */
const EACH = ['--limit-per', 'none', '-c'];

interface PtrapEvent {
  type: string;
  at: string;
  flow: { src: { port?: number } };
  resolution: { latencyMs: number; processes?: { pid: number }[] };
}

/** A line of `--output json` (docs/events.md). */
function parsePtrap(line: string): Sighting | undefined {
  return sightingOf(JSON.parse(line) as PtrapEvent);
}

/** The same of a source whose `at` is when the packet reached ptrap: a process was known so much later. */
function parseTimed(line: string): Sighting | undefined {
  const event = JSON.parse(line) as PtrapEvent;
  const sighting = sightingOf(event);
  return sighting && { ...sighting, known: sighting.packetAt + event.resolution.latencyMs };
}

function sightingOf({ type, at, flow, resolution }: PtrapEvent) {
  if (type !== 'sighting') return undefined;
  const microseconds = Number(/\.\d{3}(\d{3})Z$/.exec(at)?.[1]);
  const packetAt = Date.parse(at) + microseconds / 1_000;
  const port = flow.src.port; // 0: the kernel had not chosen it yet
  const pids = (resolution.processes ?? []).map(({ pid }) => pid);
  return { pids, packetAt, ...(port && { port }) };
}

/** `udp ESTAB 0 0 10.77.0.1:40001 10.77.0.2:53 users:(("perl",pid=12,fd=3),("perl",pid=13,fd=3))` */
function parseSs(line: string): Sighting | undefined {
  const [, from] = /^(?:\S+\s+){4}\S+:(\d+)\s/.exec(line) ?? [];
  const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
  return from === undefined || pids.length === 0 ? undefined : { pids, port: Number(from) };
}

/** `40001 12`, or `40001` alone where lsof found nobody. */
function parseOriginal(line: string): Sighting | undefined {
  const [, from, pid] = /^(\d+) (\d*)$/.exec(line) ?? [];
  return from === undefined ? undefined : { pids: pid ? [Number(pid)] : [], port: Number(from) };
}

/** `12 comm` */
function parsePid(line: string): Sighting | undefined {
  const [, pid] = /^(\d+) /.exec(line) ?? [];
  return pid === undefined ? undefined : { pids: [Number(pid)] };
}

/** All that is compared; another is one more entry. */
export const tools: readonly Tool[] = [
  { name: 'none', what: 'nothing watches: what the senders take by themselves', parse: () => undefined },
  ptrap('journal', 'the kernel’s log lines, read from the journal', EACH),
  ptrap('nflog', 'packets that nft copies to us over netlink', EACH),
  {
    ...ptrap(
      'queue',
      'packets that nft queues to us and that we release when their process is known; here at the latest after 10 s (`--delay 10s`), for a look-up takes tens of milliseconds in an emulated machine',
      [...EACH, '--delay', '10s'],
    ),
    only: 'vm',
  },
  queueByIptables(),
  byCalls('bpf', 'the system calls that send, told by bpftrace, which has started by `ready`'),
  byCalls('audit', 'the same calls from the kernel’s audit record'),
  {
    name: 'original',
    what: 'the method of the shell script that ptrap grew out of (`bench/peers/original.sh`): LOG, `tail` of the log every 0.1 s, `lsof`, netem 500 ms',
    command: ['bash', path('peers/original.sh'), address, `${port}`, device],
    parse: parseOriginal,
    isNamespaceBlind: true,
    fallsBehind: true,
  },
  {
    name: 'ss loop',
    what: '`ss -Htunp dst …`, over and over',
    command: ['bash', path('peers/ss-loop.sh'), address, `${port}`],
    parse: parseSs,
    isNamespaceBlind: true,
    only: 'host',
  },
  {
    name: 'bpftrace syscalls',
    what: 'bpftrace on the tracepoints of connect() and sendto() (`bench/peers/syscalls.bt`)',
    command: ['bpftrace', path('peers/syscalls.bt'), ...inMemory],
    parse: parsePid,
    isNamespaceBlind: true,
    only: 'host',
  },
  {
    name: 'bpftrace kprobes',
    what: 'bpftrace on kprobes of udp_sendmsg() and tcp_v4_connect() (`bench/peers/kprobes.bt`)',
    command: ['bpftrace', path('peers/kprobes.bt'), ...inMemory],
    parse: parsePid,
    only: 'vm',
  },
];
