import { randomInt } from 'node:crypto';
import { getSystemErrorName } from 'node:util';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { failure } from '../errors.js';
import { start } from '../sys/exec.js';
import { ownProgram } from '../sys/own-program.js';
import { messageHeader, messagesOf, NLMSG_DONE } from './message.js';
import { readProcMessage, type ProcEvent } from './proc-event.js';
import { hearRelay, startRelay } from './relay.js';

/** The kernel's process events: linux/connector.h, linux/cn_proc.h, whose constants these are. */

const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_CN_MCAST_IGNORE = 2;
/** PROC_EVENT_FORK, EXEC, UID, COMM and EXIT. */
const EVENTS = (0x1 | 0x2 | 0x4 | 0x200 | 0x80000000) >>> 0;

/** As much as net.core.rmem_max allows. */
const QUEUE_BYTES = 64 << 20;
/** The kernel acknowledges at once, or never. */
const PATIENCE_MS = 300;

const SILENCE = 'no answer';
/** A kernel thread, in the first pid namespace; it is in the first network namespace. */
const KTHREADD = 2;

/** What is told of the machine's processes. */
export interface ProcListener {
  onEvent(event: ProcEvent): void;
  /** The kernel had more to tell than was read (ENOBUFS), or the child that reads has ended: no more events will come. */
  onEnd(): void;
}

/**
 * Listens to the start and end of every process of the machine, from when this settles until it is disposed of.
 * @param queueBytes the kernel's buffer for us
 * @throws PTRAP_E_PROC_NAMESPACE in any pid or user namespace but the first
 * @throws PTRAP_E_PROC_CONNECTOR without the privilege, or where the kernel has no CONFIG_PROC_EVENTS
 */
export async function openProcConnector(
  listener: ProcListener,
  queueBytes = QUEUE_BYTES,
): Promise<Disposable> {
  const answer = await subscribe(queueBytes);
  if (typeof answer === 'object') {
    return hear(startSubscribed(answer.socket, 'pipe'), listener, answer.received);
  }
  if (answer === SILENCE) throw failure('PTRAP_E_PROC_NAMESPACE');
  if (answer !== 'ECONNREFUSED') throw failure('PTRAP_E_PROC_CONNECTOR', answer);
  // from another network namespace a child can reach the first one, which is the kernel threads'
  const helper = [
    `--net=/proc/${KTHREADD}/ns/net`,
    process.execPath,
    ...ownProgram('netlink/proc-helper'),
    String(queueBytes),
  ];
  return hear(start('nsenter', helper), listener);
}

/** Hands a socket that is subscribed to a relay that unsubscribes in the end. */
export function startSubscribed(
  socket: RawNetlinkSocket,
  stdout: 'pipe' | 'inherit',
): ReturnType<typeof startRelay> {
  return startRelay(socket, NETLINK_CONNECTOR, request(PROC_CN_MCAST_IGNORE), stdout);
}

/** Waits until the acknowledgement comes, too, which may have been `received` before. */
function hear(
  child: Parameters<typeof hearRelay>[0],
  { onEvent, onEnd }: ProcListener,
  received: readonly Buffer[] = [],
): Promise<Disposable> {
  return new Promise((resolve, reject) => {
    let isOpen = false;
    const onMessages = (bytes: Buffer): void => {
      for (const { payload } of messagesOf(bytes)) {
        const message = readProcMessage(payload);
        if (message?.event) onEvent(message.event);
        else if (message) {
          isOpen = true;
          resolve(relay);
        }
      }
    };
    const relay = hearRelay(child, {
      onMessages,
      onEnd: () => (isOpen ? onEnd() : reject(failure('PTRAP_E_PROC_NAMESPACE'))),
    });
    onMessages(Buffer.concat(received));
  });
}

function openSocket(queueBytes: number): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(NETLINK_CONNECTOR, {
      messagePeeking: false,
      msgBufferSize: 256,
      recvBufferSize: queueBytes,
      sendBufferSize: 4096,
      localGroups: 1 << (CN_IDX_PROC - 1),
    });
  } catch (error) {
    const { errno } = error as { errno?: number };
    throw failure('PTRAP_E_PROC_CONNECTOR', errno ? getSystemErrorName(-Math.abs(errno)) : String(error));
  }
}

/** A socket that is subscribed, and what came meanwhile: the acknowledgement, and the first events. */
export interface Subscribed {
  socket: RawNetlinkSocket;
  received: readonly Buffer[];
}

/**
 * Opens a socket and subscribes; gives the kernel's refusal where it refuses. In any network namespace but the first
 * nobody is there to be asked (ECONNREFUSED), in another pid or user namespace the kernel keeps silent.
 * @throws PTRAP_E_PROC_CONNECTOR where there is no such socket
 */
export async function subscribe(queueBytes: number): Promise<Subscribed | string> {
  const socket = openSocket(queueBytes);
  const received: Buffer[] = [];
  // the acknowledgement is told to every listener: this number makes it ours
  const number = randomInt(1, 0x7fffffff);
  let timer: NodeJS.Timeout | undefined;
  const refusal = await new Promise<string | undefined>(settle => {
    // after a look at the socket: this process may have been busy for longer than that
    timer = setTimeout(() => setImmediate(settle, SILENCE), PATIENCE_MS);
    socket.on('error', ({ code }) => settle(code));
    socket.on('message', datagram => {
      received.push(datagram);
      for (const { payload } of messagesOf(datagram)) {
        const acknowledgement = readProcMessage(payload)?.acknowledgement;
        if (acknowledgement?.number !== number + 1) continue;
        settle(acknowledgement.errno === 0 ? undefined : getSystemErrorName(-acknowledgement.errno));
      }
    });
    socket.send(request(PROC_CN_MCAST_LISTEN, number), {}, error => error && settle(error.code));
  });
  clearTimeout(timer);
  if (refusal !== undefined) {
    setImmediate(() => socket.close()); // the addon crashes when it is closed inside its own callback
    return refusal;
  }
  // kernels before 6.6 ignore what is no bare operation, and go on telling everything
  socket.send(request(PROC_CN_MCAST_LISTEN, 0, EVENTS), {}, () => undefined);
  return { socket, received };
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
