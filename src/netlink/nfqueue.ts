import { readFileSync } from 'node:fs';
import { attribute, eachAttribute, messageHeader, NLM_F_ACK, NLM_F_REQUEST } from './message.js';
import { be32, netfilterHeader, NFGENMSG_BYTES } from './netfilter.js';
import type { Asked } from './prompt.js';

/** Packets that rules queue until a verdict: linux/netfilter/nfnetlink_queue.h, whose constants these are. */

const NFNL_SUBSYS_QUEUE = 3;
const NFQNL_MSG_PACKET = 0;
const NFQNL_MSG_VERDICT = 1;
const NFQNL_MSG_CONFIG = 2;
const NFQNL_MSG_VERDICT_BATCH = 3;
const NFQA_CFG_CMD = 1;
const NFQA_CFG_PARAMS = 2;
const NFQA_CFG_QUEUE_MAXLEN = 3;
const NFQA_CFG_MASK = 4;
const NFQA_CFG_FLAGS = 5;
const NFQNL_CFG_CMD_BIND = 1;
const NFQNL_CFG_CMD_UNBIND = 2;
const NFQNL_COPY_PACKET = 2;
const NFQA_CFG_F_FAIL_OPEN = 1;
const NFQA_CFG_F_GSO = 4;
const NFQA_CFG_F_UID_GID = 8;
const NFQA_PACKET_HDR = 1;
const NFQA_VERDICT_HDR = 2;
const NFQA_IFINDEX_INDEV = 5;
const NFQA_IFINDEX_OUTDEV = 6;
const NFQA_PAYLOAD = 10;
const NFQA_UID = 16;
const NFQA_GID = 17;
/** linux/netfilter.h */
const NF_ACCEPT = 1;
/** The kernel counts ids up from 1 and compares them by their difference: this one is after all for a long time. */
const LAST_ID = 0x7fffffff;

/** Type of a message that carries a packet. */
export const NFQUEUE_PACKET = (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET;

/** What names a packet in the verdict on it. */
export interface Ticket {
  queue: number;
  id: number;
}

/** A packet that waits for its verdict. */
export interface QueuedPacket extends Ticket {
  /** From the network header on, cut at the queue's snaplen; a view. */
  packet: Buffer;
  /** Index of the device that it leaves by; 0 for none. */
  oif: number;
  /** Of the one that it came in by; 0 for one that this machine sends itself. */
  iif: number;
  /** Owner of the sending socket's file; null where there is none. */
  uid: number | null;
  gid: number | null;
}

/** How a queue is kept. */
export interface QueueSize {
  /** Bytes of each packet that are read. */
  snaplen: number;
  /** Packets that may wait at once; what comes beyond passes unseen, and so does what the socket's buffer cannot take. */
  maxLength: number;
}

/**
 * Takes a queue for this socket, whose packets then come as messages of type {@link NFQUEUE_PACKET}. Large segments
 * come whole. The queue is free again, and what is in it dropped, once the socket is closed.
 * @throws PTRAP_E_NETLINK: errno EPERM or EBUSY when somebody else has it, as {@link Asked.request} does
 */
export async function bindQueue(
  socket: Asked,
  queue: number,
  { snaplen, maxLength }: QueueSize,
): Promise<void> {
  const flags = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID;
  const configure = (...attributes: Buffer[]): Promise<unknown> =>
    socket.request(
      (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG,
      NLM_F_ACK,
      Buffer.concat([netfilterHeader(0, queue), ...attributes]),
    );
  await configure(attribute(NFQA_CFG_CMD, Buffer.from([NFQNL_CFG_CMD_BIND, 0, 0, 0])));
  await configure(
    attribute(NFQA_CFG_PARAMS, Buffer.concat([be32(snaplen), Buffer.from([NFQNL_COPY_PACKET])])),
    attribute(NFQA_CFG_QUEUE_MAXLEN, be32(maxLength)),
    attribute(NFQA_CFG_FLAGS, be32(flags)),
    attribute(NFQA_CFG_MASK, be32(flags)),
  );
}

/** A whole message that gives a queue back; the kernel acknowledges it. */
export function unbindMessage(queue: number): Buffer {
  const payload = Buffer.concat([
    netfilterHeader(0, queue),
    attribute(NFQA_CFG_CMD, Buffer.from([NFQNL_CFG_CMD_UNBIND, 0, 0, 0])),
  ]);
  const type = (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG;
  return Buffer.concat([messageHeader(type, NLM_F_REQUEST | NLM_F_ACK, 0, payload.length), payload]);
}

/** How many packets wait in these queues, by the kernel's list of all (nfnetlink_queue.c, seq_show). */
export function waitingIn(queues: readonly number[]): number {
  const lines = readFileSync('/proc/self/net/netfilter/nfnetlink_queue', 'latin1').split('\n');
  return lines
    .map(line => line.trim().split(/\s+/).map(Number))
    .filter(([queue]) => queue !== undefined && queues.includes(queue))
    .reduce((sum, [, , waiting = 0]) => sum + waiting, 0);
}

/** Reads the payload of a message of type {@link NFQUEUE_PACKET}; undefined where it names no packet. */
export function readQueued(payload: Buffer): QueuedPacket | undefined {
  const ticket = readTicket(payload);
  if (!ticket) return undefined;
  const packet = payload.subarray(0, 0);
  const found: QueuedPacket = { ...ticket, packet, oif: 0, iif: 0, uid: null, gid: null };
  eachAttribute(payload.subarray(NFGENMSG_BYTES), (type, value) => {
    if (type === NFQA_PAYLOAD) found.packet = value;
    else if (value.length < 4) return;
    else if (type === NFQA_IFINDEX_OUTDEV) found.oif = value.readUInt32BE(0);
    else if (type === NFQA_IFINDEX_INDEV) found.iif = value.readUInt32BE(0);
    else if (type === NFQA_UID) found.uid = value.readUInt32BE(0);
    else if (type === NFQA_GID) found.gid = value.readUInt32BE(0);
  });
  return found;
}

/** Reads only what names the packet. */
export function readTicket(payload: Buffer): Ticket | undefined {
  let id: number | undefined;
  if (payload.length < NFGENMSG_BYTES) return undefined;
  eachAttribute(payload.subarray(NFGENMSG_BYTES), (type, value) => {
    if (type === NFQA_PACKET_HDR && value.length >= 4) id = value.readUInt32BE(0);
  });
  return id === undefined ? undefined : { queue: payload.readUInt16BE(2), id };
}

/** A whole message that lets a packet go, as it is. */
export function acceptMessage({ queue, id }: Ticket): Buffer {
  return verdictMessage(NFQNL_MSG_VERDICT, queue, id);
}

/** A whole message that lets all go that wait in a queue. */
export function acceptAllMessage(queue: number): Buffer {
  return verdictMessage(NFQNL_MSG_VERDICT_BATCH, queue, LAST_ID);
}

function verdictMessage(kind: number, queue: number, id: number): Buffer {
  const verdict = attribute(NFQA_VERDICT_HDR, Buffer.concat([be32(NF_ACCEPT), be32(id)]));
  const payload = Buffer.concat([netfilterHeader(0, queue), verdict]);
  return Buffer.concat([
    messageHeader((NFNL_SUBSYS_QUEUE << 8) | kind, NLM_F_REQUEST, 0, payload.length),
    payload,
  ]);
}
