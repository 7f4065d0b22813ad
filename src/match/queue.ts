import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, PtrapError } from '../errors.js';
import { openDirectNetlink, type DirectNetlink } from '../netlink/direct.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import {
  acceptAllMessage,
  acceptMessage,
  bindQueue,
  NFQUEUE_PACKET,
  readQueued,
  type QueuedPacket,
} from '../netlink/nfqueue.js';
import { hearRelay, printable } from '../netlink/relay.js';
import { isErrno } from '../netlink/socket.js';
import type { Counters } from '../rules/apply.js';
import type { Child } from '../sys/exec.js';
import { ownProgram } from '../sys/own-program.js';
import type { Teardown } from '../teardown/stack.js';
import { openPackets } from './packets.js';
import { flushCommand, goneRecord } from './queue-control.js';
import { settle } from './settle.js';
import type { PacketSource } from './source.js';
import { openTurns } from './turns.js';

/** What the queue source needs to know of the instance. */
export interface QueueOptions {
  /** Canonical texts of the targets, by index. */
  targets: readonly string[];
  /** Of the rules, in family inet. */
  table: string;
  chain: string;
  /** Our ends of the pipes to the nft that owns the table. */
  nft: readonly number[];
  counters: Counters;
  /** How long a packet is held at the most. */
  delayMs: number;
  say(line: string): void;
}

/** How long a packet waits at the most unless the user says so, in ms: a look-up takes less. */
export const QUEUED_MS = 100;

/** As the log prefix has it. */
const PROBE_TAG = 'p';

const SIZE = {
  /** Enough for a DNS query, and for the ClientHello of a browser. */
  snaplen: 2048,
  /** What the kernel's buffer for us cannot take passes unseen before that. */
  maxLength: 65_536,
};
/** As much as net.core.rmem_max allows. */
const BUFFER_BYTES = 64 << 20;
/** How long the keeper may take to start, and to see the rules gone and the queues empty on however busy a machine, in ms. */
const PATIENCE_MS = { start: 10_000, end: 60_000 };

/**
 * Runs the keeper. When somebody kills that, it takes the rules out and lets all go that is held, until ptrap has hung
 * up, so that no rule can come any more, and there have been none for half a second: what is queued when the socket
 * closes, the kernel drops. Each rule has a comment.
 */
const WRAPPER = `all=$1 flush=$2 table=$3 chain=$4; shift 4
"$@" && exit
trap '' PIPE
exec >/dev/null 2>&1
cat <&3 & line=$!
calm=0
for _ in $(seq 1000); do
  printf %b "$all" >&0
  if nft list chain inet "$table" "$chain" | grep -q comment; then calm=0; printf %s "$flush" >&4
  elif kill -0 $line; then calm=0
  else calm=$((calm + 1)); fi
  [ $calm -gt 10 ] && exit
  sleep 0.05
done`;

/**
 * Reads packets that wait in queues of our own, and lets each go when it is released. A child, the keeper, has the
 * queues too, and lets go what is not released in time: a plugin that blocks us, or a SIGKILL, keeps no packet back.
 * @throws PTRAP_E_QUEUE_MISSING
 */
export async function openQueue(
  teardown: Teardown,
  { targets, table, chain, nft, counters, delayMs, say }: QueueOptions,
): Promise<PacketSource> {
  const { socket, queues } = await bindQueues(targets.length + 1);
  const probes = queues.at(-1)!;
  const all = Buffer.concat(queues.map(acceptAllMessage));
  const child = startKeeper(socket, { all, queues, table, chain, nft, delayMs });
  const control = child.stdio[3] as Writable;
  control.on('error', () => undefined); // the keeper has ended, and what it held has gone
  const packets = openPackets<QueuedPacket>(listener => hearRelay(child, listener), {
    targets,
    say,
    open: ({ type, payload }) => (type === NFQUEUE_PACKET ? readQueued(payload) : undefined),
    tagOf: ({ queue }) => (queue === probes ? PROBE_TAG : String(queues.indexOf(queue))),
    hold: openTurns(ticket => {
      // else the keeper lets it go when its time is over
      if (socket.send(acceptMessage(ticket))) control.write(goneRecord(ticket));
    }),
  });
  // nobody keeps the queues any more: without this they would hold what comes for as long as we live
  child.once('close', () => {
    socket.send(all);
    socket[Symbol.dispose]();
  });
  const exit = once(child, 'exit').catch(() => undefined); // it could not be started
  let going: Promise<unknown> | undefined;

  /**
   * The keeper ends by itself once the rules have gone and nothing waits any more; killed, its wrapper sees to that.
   * With the table the kernel drops what waits then, and while there are rules the next packet may.
   */
  async function letGo(): Promise<void> {
    packets.close();
    control.end();
    await (going ??= within(PATIENCE_MS.end, exit));
  }

  teardown.defer(async () => {
    await letGo();
    packets[Symbol.dispose]();
    child.kill('SIGKILL');
    socket[Symbol.dispose]();
  });
  await within(PATIENCE_MS.start, packets.up);
  return {
    name: 'queue',
    delivery: { to: 'queues', queues, probes, delayMs },
    matches: packets.matches,
    onEcho: packets.onEcho,
    letGo,
    settle: () => settle(counters, packets.sorting),
    diagnose: async () =>
      (await counters.logged()) === 0
        ? failure('PTRAP_E_PROBE_NOT_LOGGED')
        : failure('PTRAP_E_SOURCE_SILENT', 'queue'),
  };
}

/** Waits for it, but no longer; node does not end meanwhile. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise, sleep(ms, undefined, { signal: over.signal })]).finally(() => over.abort());
}

function startKeeper(
  socket: DirectNetlink,
  {
    all,
    queues,
    table,
    chain,
    nft,
    delayMs,
  }: Pick<QueueOptions, 'table' | 'chain' | 'nft' | 'delayMs'> & {
    all: Buffer;
    queues: readonly number[];
  },
): Omit<Child, 'stdin'> {
  const keeper = [
    process.execPath,
    ...ownProgram('match/queue-keeper'),
    delayMs,
    table,
    chain,
    ...queues,
  ].map(String);
  const args = ['-c', WRAPPER, 'sh', printable(all), flushCommand(table, chain), table, chain, ...keeper];
  return socket.share('sh', args, { stdout: 'pipe', control: true, shared: nft });
}

/** Takes so many queues that nobody else has: one after the other from a number on that is drawn by lot. */
async function bindQueues(count: number): Promise<{ socket: DirectNetlink; queues: number[] }> {
  const socket = openDirectNetlink(NETLINK_NETFILTER, { queueBytes: BUFFER_BYTES });
  const queues: number[] = [];
  const first = randomInt(0, 65_536);
  try {
    for (let offset = 0; queues.length < count; offset += 1) {
      const queue = (first + offset) % 65_536;
      if (await isBound(socket, queue)) queues.push(queue);
      if (offset === 65_535) throw failure('PTRAP_E_QUEUE_MISSING', 'all queues are taken');
    }
    return { socket, queues };
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** False when another has it. */
async function isBound(socket: DirectNetlink, queue: number): Promise<boolean> {
  const { EPERM, EBUSY } = constants.errno;
  try {
    await bindQueue(socket, queue, SIZE);
    return true;
  } catch (error) {
    if (isErrno(error, EPERM) || isErrno(error, EBUSY)) return false;
    throw error instanceof PtrapError ? failure('PTRAP_E_QUEUE_MISSING', error.message) : error;
  }
}
