import { readSync, writeSync } from 'node:fs';
import { failure, PtrapError } from '../errors.js';
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
import { refused, type NetlinkSocket } from './socket.js';

/** A netlink socket that can be asked. */
export type Asked = Pick<NetlinkSocket, 'request'>;

/** Longest datagram of an answer: the kernel makes none longer than the reader's buffer. */
const ANSWER_BYTES = 32_768;

/** One whose dumps can be had part by part. */
export interface DumpSource extends Asked {
  /** All messages of the answer to a dump, by the datagram in which they came. Not asynchronous. @throws as {@link Asked.request} */
  dump(type: number, payload: Buffer): Buffer[][];
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

function lost(error: NodeJS.ErrnoException): PtrapError {
  return failure('PTRAP_E_NETLINK_LOST', error.code ?? error.message);
}
