import { endianness } from 'node:os';
import { selectionsOf, type Selection } from '../../selection.js';
import type { ResolvedTarget } from '../../target/target.js';
import type { ProbeAddress } from '../proof.js';
import { conditionOf } from './condition.js';
import { print } from './line.js';
import { points, type Point } from './points.js';

/** How the kernel lets functions be looked at: by a trampoline (fentry), which needs BTF, or by a breakpoint. */
export type Via = 'fentry' | 'kprobe';

/** What a program is made for. Of what a user has given there is nothing in it but numbers. */
export interface ProgramOptions {
  targets: readonly ResolvedTarget[];
  /** Calls to this address are ptrap's own. */
  probe: ProbeAddress;
  /** Of tcp only what opens a connection. */
  newConnections: boolean;
  /** Inode of the network namespace whose sockets count. */
  netns: number;
  via: Via;
}

/** Of a connection that sends on and on, one call in so many ns is told. */
const PAUSE_NS = 1_000_000_000;

/** AF_INET (linux/socket.h). */
const AF_INET = 2;

/** Tags are the targets' indexes and one; 0 is none. */
const NONE = 0;

/** A selection and the tag of its target. */
interface Tagged {
  tag: number;
  selection: Selection;
}

/** The program for bpftrace(8): it prints a line for each call that sends to a target. */
export function buildProgram(options: ProgramOptions): string {
  const { newConnections, targets } = options;
  const tagged: Tagged[] = [
    ...targets.flatMap((target, index) =>
      selectionsOf(target).map(selection => ({ tag: index + 1, selection })),
    ),
    { tag: probeTag(targets.length), selection: probeSelection(options.probe) },
  ];
  const probes = points
    .filter(({ kind }) => kind !== 'tcp' || !newConnections)
    .flatMap(point => probesAt(point, tagged, options));
  const hasMemory = probes.some(probe => probe.includes('@sent'));
  return [...probes, ...(hasMemory ? ['interval:s:10 { clear(@sent); }'] : [])].join('\n');
}

/** The tag of ptrap's own calls, where there are so many targets. */
export function probeTag(targets: number): number {
  return targets + 1;
}

function probeSelection({ address, port }: ProbeAddress): Selection {
  return {
    family: 'ipv4',
    kind: 'ports',
    networks: [{ family: 'ipv4', address, prefix: 32 }],
    protocols: ['udp'],
    ports: { from: port, to: port },
  };
}

function probesAt(point: Point, tagged: readonly Tagged[], options: ProgramOptions): string[] {
  const served = tagged.filter(
    ({ selection }) => selection.family === point.family && point.serves(selection),
  );
  if (served.length === 0) return [];
  const isEntry = point.kind === 'tcp';
  const body = [
    ...destination(point),
    ...tagOf(served),
    `if ($tag == ${NONE} || $sk->__sk_common.skc_net.net->ns.inum != ${options.netns}) { return; }`,
    ...pause(point),
    ...print(point),
  ];
  const lines = (code: readonly string[]): string => code.map(line => `  ${line}`).join('\n');
  const { function: name } = point;
  if (options.via === 'fentry') {
    const head = `${isEntry ? 'kfunc' : 'kretfunc'}:${name}`;
    const sent = isEntry ? '' : ` /${SENT}/`;
    return [
      `${head}${sent} {\n${lines([...taken('args->sk', 'args->msg', sizeOf(point), point), ...body])}\n}`,
    ];
  }
  if (isEntry) return [`kprobe:${name} {\n${lines([...taken('arg0', 'arg1', 'arg2', point), ...body])}\n}`];
  const [sk, msg] = [`@sk_${name}[tid]`, `@msg_${name}[tid]`];
  return [
    `kprobe:${name} { ${sk} = arg0; ${msg} = arg1; }`,
    `kretprobe:${name} /${sk} != 0 && ${SENT}/ {\n${lines([...taken(sk, msg, 'retval', point), ...body])}\n}`,
    `kretprobe:${name} { delete(${sk}); delete(${msg}); }`,
  ];
}

/** No error, or EPERM: a firewall did not let it go. */
const SENT = '((retval & 0x80000000) == 0 || (retval & 0xffffffff) == 0xffffffff)';

function taken(sk: string, msg: string, bytes: string, { kind }: Point): string[] {
  return [
    `$sk = (struct sock *)${sk};`,
    ...(tellsMessage(kind) ? [`$msg = (struct msghdr *)${msg};`] : []),
    ...(kind === 'connect' ? [] : [`$bytes = (uint64)${bytes};`]),
  ];
}

/** What the function itself calls the size of a message. */
function sizeOf({ kind }: Point): string {
  return kind === 'tcp' ? 'args->size' : 'args->len';
}

/** Whether the message may say where it goes. */
function tellsMessage(kind: Point['kind']): boolean {
  return kind === 'udp' || kind === 'raw' || kind === 'ping';
}

/** Sets `$d0` to `$d3`, `$protocol` and `$dport`; returns where it goes to the other family. */
function destination({ family, kind }: Point): string[] {
  const inet = family === 'ipv4';
  return [
    '$protocol = $sk->sk_protocol;',
    '$port = $sk->__sk_common.skc_dport;',
    ...(inet
      ? ['$d0 = $sk->__sk_common.skc_daddr;']
      : words.map(n => `$d${n} = $sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[${n}];`)),
    ...(tellsMessage(kind) ? named(inet) : []),
    ...(kind === 'tcp' && inet
      ? [`if ($sk->__sk_common.skc_family != ${AF_INET} && !(${mappedDestination})) { return; }`]
      : []),
    ...(inet
      ? []
      : [
          `if (${kind === 'tcp' ? `$sk->__sk_common.skc_family == ${AF_INET} || ` : ''}(${MAPPED})) { return; }`,
        ]),
    endianness() === 'LE' ? '$dport = ($port >> 8) | (($port & 0xff) << 8);' : '$dport = $port;',
  ];
}

const words = [0, 1, 2, 3] as const;

const MAPPED_WORD = endianness() === 'LE' ? '0xffff0000' : '0xffff';
/** ::ffff:0:0/96, as an AF_INET6 socket has IPv4 addresses. */
const MAPPED = `$d0 == 0 && $d1 == 0 && $d2 == ${MAPPED_WORD}`;
const mappedDestination = words
  .slice(0, 3)
  .map(n => `$sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[${n}] == ${n === 2 ? MAPPED_WORD : 0}`)
  .join(' && ');

/** The address that the call itself names, if it does: the kernel has its own copy of it. */
function named(inet: boolean): string[] {
  if (inet)
    return [
      '$to = (struct sockaddr_in *)$msg->msg_name;',
      'if ((uint64)$to != 0) { $d0 = $to->sin_addr.s_addr; $port = $to->sin_port; }',
    ];
  return [
    '$to = (struct sockaddr_in6 *)$msg->msg_name;',
    // shorter: an IPv4 address, which the kernel takes here, too
    'if ((uint64)$to != 0 && $msg->msg_namelen < 24) { return; }',
    `if ((uint64)$to != 0) { ${words.map(n => `$d${n} = $to->sin6_addr.in6_u.u6_addr32[${n}];`).join(' ')} $port = $to->sin6_port; }`,
  ];
}

/** The first target that it goes to, which is the last to be set. */
function tagOf(served: readonly Tagged[]): string[] {
  return [
    `$tag = ${NONE};`,
    ...served.toReversed().map(({ tag, selection }) => `if (${conditionOf(selection)}) { $tag = ${tag}; }`),
  ];
}

function pause({ kind }: Point): string[] {
  if (kind === 'connect') return ['@sent[(uint64)$sk] = nsecs;'];
  if (kind !== 'tcp') return [];
  return [`if (nsecs - @sent[(uint64)$sk] < ${PAUSE_NS}) { return; }`, '@sent[(uint64)$sk] = nsecs;'];
}
