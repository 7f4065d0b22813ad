import { read, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageHeader, messagesOf, NLMSG_NOOP } from '../netlink/message.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import {
  acceptAllMessage,
  acceptMessage,
  NFQUEUE_PACKET,
  readTicket,
  unbindMessage,
  waitingIn,
  type Ticket,
} from '../netlink/nfqueue.js';
import { countRules } from '../netlink/nft-rules.js';
import { openNetlink } from '../netlink/socket.js';
import { openHeld } from './held.js';
import { flushCommand, recordReader } from './queue-control.js';

/**
 * A program that brings ptrap the packets of queues, and lets go what ptrap has not let go within the delay, whatever
 * that is busy with, and also when it was killed.
 *
 *     queue-keeper DELAY_MS TABLE CHAIN QUEUE…
 *
 * stdin is the socket that the queues are bound to; packets go to stdout as netlink messages, after an empty one that
 * says it is up; a line on stderr stands for packets that could not be brought. Descriptor 3 takes records
 * (queue-control.ts); its end means that no more is to be held, or that ptrap was killed. Descriptor 4 leads to nft.
 *
 * When a base chain goes, whoever's, the kernel drops all that is queued (nf_queue_nf_hook_drop in
 * net/netfilter/nfnetlink_queue.c). So first the rules are taken out of the chain, then the queues run empty, and only
 * then may the table go: this program has what keeps nft alive, which owns it.
 */
const [delayMs, table, chain] = [Number(process.argv[2]), process.argv[3]!, process.argv[4]!];
const queues = process.argv.slice(5).map(Number);

const [SOCKET, STDOUT, CONTROL, NFT] = [0, 1, 3, 4];
/** Bytes that may wait for ptrap to read them; what comes beyond goes unseen. */
const MOST_UNREAD = 4 << 20;
/** Verdicts that are sent together: the kernel takes no message that is longer than the socket's buffer. */
const MOST_TOGETHER = 500;
/** How often it looks whether the rules have gone, in ms. */
const LOOK_MS = 10;

const held = openHeld();
const out = new Socket({ fd: STDOUT, readable: false, writable: true });
const control = new Socket({ fd: CONTROL, readable: true, writable: false });
const datagram = Buffer.allocUnsafe(1 << 16);
let timer: NodeJS.Timeout | undefined;
let isPassing = false;
let isDone = false;

function accept(tickets: Ticket[]): void {
  while (tickets.length > 0) {
    writeSync(SOCKET, Buffer.concat(tickets.splice(0, MOST_TOGETHER).map(acceptMessage)));
  }
}

function acceptDue(): void {
  accept(held.takeDue(performance.now()));
  const next = held.nextDue();
  timer = next === undefined ? undefined : setTimeout(acceptDue, next - performance.now());
}

function passAll(): void {
  isPassing = true;
  held.takeDue(Infinity);
  for (const queue of queues) writeSync(SOCKET, acceptAllMessage(queue));
}

/** One word waits at the most: ptrap may be stopped and read none. */
function overrun(): void {
  if (process.stderr.writableLength === 0) process.stderr.write('overrun\n');
}

/** What the datagram's buffer holds, up to a multiple of four bytes (NLMSG_ALIGN), as the next message begins on one: the kernel leaves that out at the end. */
function padded(length: number): Buffer {
  const end = (length + 3) & ~3;
  return datagram.fill(0, length, end).subarray(0, end);
}

/** At once where nothing waits before it: a stream takes as long as all else here. */
function bring(message: Buffer): void {
  const brought = out.writableLength === 0 ? writeNow(message) : 0;
  if (brought < message.length) out.write(Buffer.from(message.subarray(brought)));
}

/** Gives how much was taken. */
function writeNow(bytes: Buffer): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch {
    return 0; // it is full, or nobody reads any more, which the stream finds, too
  }
}

/** ptrap has it first: who sent it waits. But no verdict waits for ptrap to read: what it does not read in time goes unseen. */
function take(bytes: Buffer): void {
  const isUnread = out.writableLength > MOST_UNREAD;
  if (!isUnread) bring(padded(bytes.length));
  const tickets = messagesOf(bytes).flatMap(({ type, payload }) =>
    type === NFQUEUE_PACKET ? (readTicket(payload) ?? []) : [],
  );
  if (tickets.length === 0) return;
  if (isUnread) overrun();
  if (isPassing || isUnread) return accept(tickets);
  for (const ticket of tickets) held.add(ticket, performance.now() + delayMs);
  timer ??= setTimeout(acceptDue, delayMs);
}

/** In the thread pool: to poll for it, as sockets are read, brings down the process when the kernel has had more to tell than the socket holds. */
function readNext(): void {
  read(SOCKET, datagram, 0, datagram.length, null, (error, length) => {
    if (isDone) return;
    if (error?.code === 'ENOBUFS') overrun();
    else if (error) throw error;
    else take(datagram.subarray(0, length));
    readNext();
  });
}

async function removeRules(): Promise<void> {
  try {
    writeSync(NFT, flushCommand(table, chain));
  } catch (error) {
    process.stderr.write(`nft has ended, and the rules with it (${String(error)})\n`);
  }
  using netlink = openNetlink(NETLINK_NETFILTER);
  while ((await countRules(netlink, table, chain)) > 0) await sleep(LOOK_MS);
}

async function finish(): Promise<void> {
  passAll();
  await removeRules();
  do await sleep(LOOK_MS);
  while (waitingIn(queues) > 0);
  isDone = true;
  writeSync(SOCKET, Buffer.concat(queues.map(unbindMessage))); // the answer ends the read
  clearTimeout(timer);
  out.end();
}

out.on('error', passAll); // nobody reads any more
out.write(messageHeader(NLMSG_NOOP, 0, 0, 0));
control.on('data', recordReader(held.remove));
control.once('close', () => {
  finish().catch((error: unknown) => {
    throw error;
  });
});
readNext();
