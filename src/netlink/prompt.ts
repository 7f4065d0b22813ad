import { readSync, writeSync } from 'node:fs';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { failure, PtrapError } from '../errors.js';
import { startOn, type Child, type ChildPipes } from '../sys/exec.js';
import { descriptorOf } from './descriptor.js';
import {
  errnoOf,
  messageHeader,
  messagesOf,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './message.js';
import { refusal, refused, type NetlinkSocket } from './socket.js';

/** A netlink socket that can be asked. */
export type Asked = Pick<NetlinkSocket, 'request'>;

/** Longest datagram of an answer: the kernel makes none longer than the reader's buffer. */
const ANSWER_BYTES = 32_768;

/** One whose dumps can be had part by part. */
export interface DumpSource extends Asked {
  /** All messages of the answer to a dump, by the datagram in which they came. Not asynchronous. @throws as {@link Asked.request} */
  dump(type: number, payload: Buffer): Buffer[][];
}

/** One whose answers are read at once. */
export interface PromptNetlink extends DumpSource, Disposable {
  /** Gives the socket to a child as its stdin, as it is bound; it is closed here. */
  handOver(file: string, args: readonly string[], pipes?: ChildPipes): Omit<Child, 'stdin'>;
}

/**
 * Asks over a netlink socket and reads its answers at once, without a turn of the event loop: the kernel answers get and
 * dump requests within send(2), or when the answer is read. That is four times as quick as to wait for the socket to
 * become readable, and who sent a packet may end in that time.
 * @param fd of a socket that nobody else reads
 */
export function askPromptly(fd: number): DumpSource {
  const buffer = Buffer.allocUnsafe(ANSWER_BYTES);
  let sequence = 0;

  function ask(type: number, flags: number, payload: Buffer): Buffer[][] {
    sequence = (sequence + 1) >>> 0;
    const header = messageHeader(type, flags | NLM_F_REQUEST, sequence, payload.length);
    writeSync(fd, Buffer.concat([header, payload]));
    const answer: Buffer[][] = [];
    for (;;) {
      const datagram = Buffer.from(buffer.subarray(0, readSync(fd, buffer)));
      const part: Buffer[] = [];
      answer.push(part);
      for (const message of messagesOf(datagram)) {
        if (message.sequence !== sequence) continue; // of an answer that was given up
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          const errno = errnoOf(message.payload);
          if (errno === 0) return answer;
          throw refused(errno);
        }
        part.push(message.payload);
        if ((message.flags & NLM_F_MULTI) === 0) return answer;
      }
    }
  }

  function askOrThrow(type: number, flags: number, payload: Buffer): Buffer[][] {
    try {
      return ask(type, flags, payload);
    } catch (error) {
      throw error instanceof PtrapError ? error : lost(error as NodeJS.ErrnoException);
    }
  }

  return {
    dump: (type, payload) => askOrThrow(type, NLM_F_DUMP, payload),
    request: (type, flags, payload) =>
      new Promise(resolve => resolve(askOrThrow(type, flags, payload).flat())),
  };
}

/**
 * Opens a netlink socket whose answers are read at once, as {@link askPromptly}.
 * @param queueBytes the kernel's buffer for us, as far as net.core.rmem_max allows
 * @param groups the multicast groups that it hears, one bit each (nl_groups of netlink(7))
 * @throws PTRAP_E_NETLINK when the kernel does not have the protocol
 */
export function openPromptNetlink(protocol: number, queueBytes = 1 << 20, groups = 0): PromptNetlink {
  const raw = openRaw(protocol, queueBytes, groups);
  raw.unref();
  raw.on('message', () => undefined);
  raw.on('error', () => undefined);
  const fd = descriptorOf(raw, protocol);
  return {
    ...askPromptly(fd),
    handOver(file, args, pipes = { stdout: 'pipe' }) {
      const child = startOn(fd, pipes, file, args);
      // before the event loop turns: to the child the socket is a blocking one, and so to us
      raw.close();
      return child;
    },
    [Symbol.dispose]() {
      raw.close();
    },
  };
}

function openRaw(protocol: number, queueBytes: number, localGroups: number): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(protocol, {
      localGroups,
      messagePeeking: false,
      msgBufferSize: ANSWER_BYTES,
      recvBufferSize: queueBytes,
      sendBufferSize: 1 << 16,
    });
  } catch (error) {
    throw refusal(error);
  }
}

function lost(error: NodeJS.ErrnoException): PtrapError {
  return failure('PTRAP_E_NETLINK_LOST', error.code ?? error.message);
}
