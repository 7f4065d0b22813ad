import { randomInt } from 'node:crypto';
import type { Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { failure, PtrapError } from '../errors.js';
import { firstNetns } from '../netns/first.js';
import { openDirectNetlink, type DirectNetlink } from './direct.js';
import { messageHeader, messagesOf, NLMSG_DONE } from './message.js';
import { readProcMessage, type ProcEvent } from './proc-event.js';
import { printable } from './relay.js';

/** The kernel's process events: linux/connector.h, linux/cn_proc.h, whose constants these are. */

const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_CN_MCAST_IGNORE = 2;
/** PROC_EVENT_FORK, EXEC, UID, COMM and EXIT. */
const EVENTS = (0x1 | 0x2 | 0x4 | 0x200 | 0x80000000) >>> 0;

/** Room for some ten thousand events, while we are busy. */
const QUEUE_BYTES = 8 << 20;

/** What is told of the machine's processes. */
export interface ProcListener {
  onEvent(event: ProcEvent): void;
  /** The kernel had more to tell than was read (ENOBUFS). */
  onLoss(): void;
}

/** Whoever listens. */
export interface ProcConnector extends Disposable {
  /** Has all told that has happened up to now: the kernel tells of it before whoever does it goes on. False where that cannot be. */
  catchUp(): boolean;
}

/**
 * Listens to the start and end of every process of the machine, until it is disposed of.
 * @param queueBytes the kernel's buffer for us
 * @throws PTRAP_E_PROC_NAMESPACE in any pid or user namespace but the first
 * @throws PTRAP_E_PROC_CONNECTOR without the privilege, or where the kernel has no CONFIG_PROC_EVENTS
 */
export function openProcConnector(
  { onEvent, onLoss }: ProcListener,
  queueBytes = QUEUE_BYTES,
): ProcConnector {
  const socket = openSocket(queueBytes);
  // the acknowledgement is told to every listener: this number makes it ours
  const number = randomInt(1, 0x7fffffff);
  let errno: number | undefined;
  const hearing = socket.hear({
    onMessages(bytes) {
      for (const { payload } of messagesOf(bytes)) {
        const { event, acknowledgement } = readProcMessage(payload) ?? {};
        if (event) onEvent(event);
        else if (acknowledgement?.number === number + 1) errno = acknowledgement.errno;
      }
    },
    onOverrun: onLoss,
  });
  try {
    // in any network namespace but the first nobody is there to be asked, in another pid or user namespace the kernel keeps silent
    const isSent = socket.send(request(PROC_CN_MCAST_LISTEN, number));
    if (!isSent || !hearing.catchUp() || errno === undefined) throw failure('PTRAP_E_PROC_NAMESPACE');
    if (errno !== 0) throw failure('PTRAP_E_PROC_CONNECTOR', getSystemErrorName(-errno));
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  // kernels before 6.6 ignore what is no bare operation, and go on telling everything
  socket.send(request(PROC_CN_MCAST_LISTEN, 0, EVENTS));
  const unsubscribe = unsubscribeAtEnd(socket);
  return {
    catchUp: hearing.catchUp,
    [Symbol.dispose]() {
      unsubscribe();
      socket[Symbol.dispose]();
    },
  };
}

/** @throws PTRAP_E_PROC_CONNECTOR, PTRAP_E_PROC_NAMESPACE */
function openSocket(queueBytes: number): DirectNetlink {
  const netns = firstNetns();
  try {
    return openDirectNetlink(NETLINK_CONNECTOR, {
      queueBytes,
      isBeyondMax: true,
      groups: 1 << (CN_IDX_PROC - 1),
      netns,
    });
  } catch (error) {
    if (netns !== undefined) throw failure('PTRAP_E_PROC_NAMESPACE');
    throw error instanceof PtrapError ? failure('PTRAP_E_PROC_CONNECTOR', error.message) : error;
  }
}

/** A child that unsubscribes when we have gone, or say so, whatever has ended us: kernels before 6.6 would go on telling nobody. */
function unsubscribeAtEnd(socket: DirectNetlink): () => void {
  const script = `read -r _ <&3; printf %b '${printable(request(PROC_CN_MCAST_IGNORE))}' >&0`;
  const child = socket.share('sh', ['-c', script], { stdout: 'pipe', control: true });
  const line = child.stdio[3] as Writable & { unref(): void };
  line.on('error', () => undefined); // somebody has killed it
  child.unref();
  for (const pipe of [child.stdout, child.stderr, line] as unknown as { unref(): void }[]) pipe.unref();
  return () => line.destroy();
}

/** A struct cn_msg with an operation, or with a struct proc_input where events are chosen. */
function request(operation: number, number = 0, events?: number): Buffer {
  const data = Buffer.alloc(events === undefined ? 4 : 8);
  data.writeUInt32LE(operation, 0);
  if (events !== undefined) data.writeUInt32LE(events, 4);
  const header = Buffer.alloc(20);
  header.writeUInt32LE(CN_IDX_PROC, 0);
  header.writeUInt32LE(CN_VAL_PROC, 4);
  header.writeUInt32LE(number, 12);
  header.writeUInt16LE(data.length, 16);
  return Buffer.concat([messageHeader(NLMSG_DONE, 0, 0, header.length + data.length), header, data]);
}
