import { selectionsOf, type Selection } from '../../selection.js';
import type { ResolvedTarget } from '../../target/target.js';
import type { ProbeAddress } from '../proof.js';
import { conditionOf } from './condition.js';
import { kindNumber, PRINT } from './line.js';
import { points, type Point } from './points.js';
import { syscallProbes } from './syscalls.js';
import { CONNECTED, DPORT, isElsewhere, named, SOURCE } from './variables.js';

/**
 * How the kernel lets its calls be looked at: functions by a trampoline (fentry) or a breakpoint (kprobe), or nothing
 * but system calls.
 */
export type Via = 'fentry' | 'kprobe' | 'tracepoint';

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
  /** Whether the kernel has a function. */
  has?(name: string): boolean;
}

/** Of a connection that sends on and on, one call in so many ns is told. */
const PAUSE_NS = 1_000_000_000;

/** A selection and the tag of its target: the target's index and one. */
interface Tagged {
  tag: number;
  selection: Selection;
}

/** A probe: what it is attached to, and its statements. */
interface Probe {
  head: string;
  code: readonly string[];
}

/** The program for bpftrace(8): it prints a line for each call that sends to a target. */
export function buildProgram(options: ProgramOptions): string {
  const tagged = tag(options);
  const probes = options.via === 'tracepoint' ? systemCalls(tagged, options) : functions(tagged, options);
  const texts = probes.map(({ head, code }) => `${head} {\n${code.map(line => `  ${line}`).join('\n')}\n}`);
  const hasMemory = texts.some(text => text.includes('@sent'));
  return [...texts, ...(hasMemory ? ['interval:s:10 { clear(@sent); }'] : [])].join('\n');
}

/** The tag of ptrap's own calls, where there are so many targets. */
export function probeTag(targets: number): number {
  return targets + 1;
}

function tag({ targets, probe: { address, port } }: ProgramOptions): Tagged[] {
  const probe: Selection = {
    family: 'ipv4',
    kind: 'ports',
    networks: [{ family: 'ipv4', address, prefix: 32 }],
    protocols: ['udp'],
    ports: { from: port, to: port },
  };
  return [
    ...targets.flatMap((target, index) =>
      selectionsOf(target).map(selection => ({ tag: index + 1, selection })),
    ),
    { tag: probeTag(targets.length), selection: probe },
  ];
}

function systemCalls(tagged: readonly Tagged[], options: ProgramOptions): Probe[] {
  return syscallProbes(options.newConnections).map(({ head, code, isCall }) => ({
    head,
    code: isCall ? [...code, ...report(tagged, options)] : code,
  }));
}

function functions(tagged: readonly Tagged[], options: ProgramOptions): Probe[] {
  const { newConnections, has = () => true } = options;
  return points
    .filter(({ kind, name }) => has(name) && (kind !== 'tcp' || !newConnections))
    .flatMap(point => {
      const served = tagged.filter(({ selection }) => point.serves(selection));
      return served.length === 0 ? [] : probesAt(point, report(served, options), options.via);
    });
}

/** No error, or EPERM: a firewall did not let it go. */
const SENT = '((retval & 0x80000000) == 0 || (retval & 0xffffffff) == 0xffffffff)';

function probesAt(point: Point, tail: readonly string[], via: Via): Probe[] {
  const { name, kind, size } = point;
  const isEntry = kind === 'tcp';
  const body = (sk: string, msg: string, bytes: string): string[] => [
    ...call(point, sk, msg, bytes),
    ...tail,
  ];
  if (via === 'fentry') {
    const code = body('args->sk', 'args->msg', size ? `args->${size}` : '0');
    return [{ head: isEntry ? `kfunc:${name}` : `kretfunc:${name} /${SENT}/`, code }];
  }
  if (isEntry) return [{ head: `kprobe:${name}`, code: body('arg0', 'arg1', 'arg2') }];
  const [sk, msg] = [`@sk_${name}[tid]`, `@msg_${name}[tid]`];
  return [
    { head: `kprobe:${name}`, code: [`${sk} = arg0; ${msg} = arg1;`] },
    {
      head: `kretprobe:${name} /${sk} != 0/`,
      code: [
        `$a0 = ${sk}; $a1 = ${msg}; delete(${sk}); delete(${msg});`,
        `if (!${SENT}) { return; }`,
        ...body('$a0', '$a1', size ? 'retval' : '0'),
      ],
    },
  ];
}

/** Sets the variables of a call. Where it goes to the other family, it has got here by way of that one's function. */
function call({ family, kind, size }: Point, sk: string, msg: string, bytes: string): string[] {
  const isMessage = kind !== 'connect' && kind !== 'tcp';
  return [
    `$sk = (struct sock *)${sk};`,
    `$kind = ${kindNumber(kind)};`,
    `$bytes = (uint64)${size ? bytes : 0};`,
    '$protocol = $sk->sk_protocol;',
    ...CONNECTED,
    ...(isMessage
      ? [
          `$msg = (struct msghdr *)${msg};`,
          '$to = (uint64)$msg->msg_name;',
          // IPv4: it is the business of that one's function
          ...(family === 'ipv6' ? ['if ($to != 0 && $msg->msg_namelen < 24) { return; }'] : []),
          ...named((bits, offset) => `*(uint${bits} *)kptr($to + ${offset})`),
        ]
      : []),
    ...(kind === 'tcp' ? [] : [`if ($inet != ${family === 'ipv4' ? 4 : 6}) { return; }`]),
  ];
}

/** Finds the target, and prints the line. */
function report(tagged: readonly Tagged[], { netns, newConnections }: ProgramOptions): string[] {
  return [
    DPORT,
    '$tag = 0;',
    // the first target counts, which is the last to be set
    ...tagged
      .toReversed()
      .map(
        ({ tag, selection }) =>
          `if ($inet == ${selection.family === 'ipv4' ? 4 : 6} && ${conditionOf(selection)}) { $tag = ${tag}; }`,
      ),
    `if ($tag == 0 || ${isElsewhere(netns)}) { return; }`,
    ...(newConnections || !tagged.some(({ selection }) => selection.kind === 'tcp') ? [] : pause()),
    ...SOURCE,
    ...PRINT,
  ];
}

function pause(): string[] {
  const [connect, tcp] = [kindNumber('connect'), kindNumber('tcp')];
  return [
    `if ($kind == ${tcp} && nsecs - @sent[(uint64)$sk] < ${PAUSE_NS}) { return; }`,
    `if ($kind == ${tcp} || $kind == ${connect}) { @sent[(uint64)$sk] = nsecs; }`,
  ];
}
