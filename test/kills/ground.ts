import { spawn } from 'node:child_process';
import { release } from 'node:os';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openKernelLog } from '../netns/kernel-log.js';
import { jobs } from '../vm/jobs.js';
import { bootMachine, commands, type Machine } from '../vm/machine.js';
import type { Abilities } from './plan.js';

/** Where ptraps are ended. */
export interface Ground extends Abilities, AsyncDisposable {
  readonly name: 'network namespaces' | 'virtual machine';
  readonly kernel: string;
  readonly machine: Pick<Machine, 'start' | 'run' | 'must'>;
  /** Mount point of cgroup v2. */
  readonly cgroups: string;
  /** Commands that make its root qdisc, for each device; DEV stands for its name. */
  readonly qdiscs: readonly (readonly string[])[];
  /** Whether a slot needs a journald of its own. */
  readonly ownJournald: boolean;
  /** How long a phase takes as far as is known, in ms. */
  readonly phases: Phases;
  /** How long ptrap may take to become ready, and to end, in ms. */
  readonly readyMs: number;
  readonly patienceMs: number;
  /** How often a slot's traffic sends, in ms. */
  readonly everyMs: number;
}

/** From start to ready, on from there, and from SIGINT to the end, in ms; the end takes longer the more there is to undo. */
export interface Phases {
  start: number;
  run: number;
  drain: Record<'queue' | 'held' | 'not held', number>;
}

const htb = (leaf: string): string[] => [
  'tc qdisc add dev DEV root handle 1: htb default 20',
  'tc class add dev DEV parent 1: classid 1:1 htb rate 100mbit',
  'tc class add dev DEV parent 1:1 classid 1:10 htb rate 60mbit ceil 100mbit',
  'tc class add dev DEV parent 1:1 classid 1:20 htb rate 40mbit ceil 100mbit',
  `tc qdisc add dev DEV parent 1:10 handle 10: ${leaf}`,
  'tc filter add dev DEV parent 1: protocol ip prio 1 u32 match ip dport 80 0xffff flowid 1:10',
  'tc filter add dev DEV parent 1: protocol ip prio 2 u32 match ip protocol 17 0xff flowid 1:20',
];

/** A guest: netem, queues, another kernel; ten to twenty times slower. */
export async function openGuest(): Promise<Ground> {
  const machine = await bootMachine();
  return {
    name: 'virtual machine',
    kernel: machine.release,
    machine,
    cgroups: '/sys/fs/cgroup',
    qdiscs: [
      [],
      ['tc qdisc add dev DEV root handle 5: fq_codel limit 2000 target 4ms'],
      htb('sfq perturb 10'),
    ],
    ownJournald: false,
    holds: true,
    devices: 3,
    phases: { start: 12_000, run: 3000, drain: { queue: 1000, held: 2000, 'not held': 1000 } },
    readyMs: 900_000,
    patienceMs: 300_000,
    everyMs: 60,
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}

/** This machine's own kernel. */
export async function openHost(): Promise<Ground> {
  const kernelLog = await openKernelLog();
  const program = fileURLToPath(new URL('../vm/guest/agent.mjs', import.meta.url));
  const agent = spawn(process.execPath, [program], {
    env: { ...process.env, PTRAP_AGENT_FD: '3' },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const table = jobs(agent.stdio[3] as unknown as Socket);
  await table.ready;
  return {
    name: 'network namespaces',
    kernel: release(),
    machine: commands(table),
    cgroups: '/sys/fs/cgroup/unified',
    qdiscs: [[], ['tc qdisc add dev DEV root tbf rate 100mbit burst 64k latency 50ms'], htb('pfifo')],
    ownJournald: true,
    holds: false,
    devices: 3,
    phases: { start: 700, run: 500, drain: { queue: 250, held: 250, 'not held': 250 } },
    readyMs: 120_000,
    patienceMs: 60_000,
    everyMs: 20,
    async [Symbol.asyncDispose]() {
      agent.stdio[3]!.destroy();
      await new Promise(ended => agent.once('exit', ended));
      await kernelLog[Symbol.asyncDispose]();
    },
  };
}
