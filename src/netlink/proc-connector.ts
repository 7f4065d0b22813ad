import { randomInt } from 'node:crypto';
import { getSystemErrorName } from 'node:util';
import netlink from 'netlink';
import { failure } from '../errors.js';
import { messageHeader, messagesOf, NLMSG_DONE } from './message.js';
import { readProcMessage, type ProcEvent } from './proc-event.js';
import { relay } from './relay.js';

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

/** What is told of the machine's processes. */
export interface ProcListener {
  onEvent(event: ProcEvent): void;
  /** The kernel had more to tell than was read (ENOBUFS), or the child that reads has ended: no more events will come. */
  onEnd(): void;
}

/**
 * Listens to the start and end of every process of the machine, from when this settles until it is disposed of.
 * @param queueBytes the kernel's buffer for us
 * @throws PTRAP_E_PROC_NAMESPACE in any pid, user or network namespace but the first
 * @throws PTRAP_E_PROC_CONNECTOR without the privilege, or where the kernel has no CONFIG_PROC_EVENTS
 */
export async function openProcConnector(
  { onEvent, onEnd }: ProcListener,
  queueBytes = QUEUE_BYTES,
): Promise<Disposable> {
  const socket = openSocket(queueBytes);
  const take = (bytes: Buffer): void => {
    for (const { payload } of messagesOf(bytes)) {
      const message = readProcMessage(payload);
      if (message?.event) onEvent(message.event);
    }
  };
  socket.on('message', take);
  try {
    await listen(socket);
    // kernels before 6.6 ignore what is no bare operation, and go on telling everything
    socket.send(request(PROC_CN_MCAST_LISTEN, 0, EVENTS), {}, () => undefined);
    return relay(socket, NETLINK_CONNECTOR, request(PROC_CN_MCAST_IGNORE), { onMessages: take, onEnd });
  } catch (error) {
    setImmediate(() => socket.close()); // the addon crashes when it is closed inside its own callback
    throw error;
  }
}

function openSocket(queueBytes: number): netlink.RawNetlinkSocket {
  try {
    return new netlink.RawNetlinkSocket(NETLINK_CONNECTOR, {
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

/**
 * Subscribes. The acknowledgement is told to every listener, so it carries a number of ours. In another network
 * namespace nobody is there to ask (ECONNREFUSED); in another pid or user namespace the kernel keeps silent.
 */
async function listen(socket: netlink.RawNetlinkSocket): Promise<void> {
  const number = randomInt(1, 0x7fffffff);
  let timer: NodeJS.Timeout | undefined;
  const refusal = await new Promise<string | undefined>(settle => {
    timer = setTimeout(settle, PATIENCE_MS, 'ECONNREFUSED');
    socket.on('error', ({ code }) => settle(code));
    socket.on('message', datagram => {
      for (const { payload } of messagesOf(datagram)) {
        const acknowledgement = readProcMessage(payload)?.acknowledgement;
        if (acknowledgement?.number !== number + 1) continue;
        settle(acknowledgement.errno === 0 ? undefined : getSystemErrorName(-acknowledgement.errno));
      }
    });
    socket.send(request(PROC_CN_MCAST_LISTEN, number), {}, error => error && settle(error.code));
  });
  clearTimeout(timer);
  if (refusal === 'ECONNREFUSED') throw failure('PTRAP_E_PROC_NAMESPACE');
  if (refusal !== undefined) throw failure('PTRAP_E_PROC_CONNECTOR', refusal);
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
