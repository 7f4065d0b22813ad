import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { failure, type PtrapError } from '../errors.js';
import {
  errnoOf,
  messageHeader,
  messagesOf,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type NetlinkMessage,
} from './message.js';

/** A netlink socket for questions to the kernel. It keeps the process alive only while a question is open. */
export interface NetlinkSocket extends Disposable {
  /**
   * Sends one message and gives the payloads of the answer: one for a get, all up to NLMSG_DONE for a dump, none for
   * an acknowledgement. Requests run one after the other: the kernel answers within send(2), and one dump a socket is all it allows.
   * NLM_F_REQUEST is added to `flags`.
   * @throws PTRAP_E_NETLINK when the kernel answers with an error ({@link isErrno} tells which)
   * @throws PTRAP_E_NETLINK_TIMEOUT when no answer came in time, PTRAP_E_NETLINK_LOST when (part of) it was lost,
   *   PTRAP_E_NETLINK_MALFORMED, PTRAP_E_NETLINK_CLOSED
   */
  request(type: number, flags: number, payload: Buffer): Promise<Buffer[]>;
}

/** Whether `error` is the kernel's answer with this errno (os.constants.errno): cheap, since ENOENT is an everyday one. */
export function isErrno(error: unknown, errno: number): boolean {
  return (error as { errno?: unknown } | null)?.errno === errno;
}

interface Request {
  type: number;
  flags: number;
  sequence: number;
  payload: Buffer;
  answer: Buffer[];
  resolve(payloads: Buffer[]): void;
  reject(error: PtrapError): void;
}

/** The kernel builds dump messages of at most 32 KiB, and smaller where the reader's buffer is. */
const RECEIVE_BYTES = 32_768;
const QUEUE_BYTES = 1 << 20;
/** While a dump that was given up is still being read, the kernel begins no other (EBUSY): it is asked again, in ms. */
const BUSY_MS = 5;

/**
 * Opens a netlink socket of a protocol (`NETLINK_*` of linux/netlink.h).
 * @param options.timeoutMs how long the kernel may take for an answer, default 1000
 * @throws PTRAP_E_NETLINK when the kernel does not have the protocol
 */
export function openNetlink(
  protocol: number,
  { timeoutMs = 1000 }: { timeoutMs?: number } = {},
): NetlinkSocket {
  const raw = openRaw(protocol);
  const waiting: Request[] = [];
  let current: Request | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let sequence = 0;
  let closed = false;

  function settle(outcome: Buffer[] | PtrapError): void {
    const request = current;
    clearTimeout(timer);
    clearTimeout(retry);
    current = undefined;
    if (Array.isArray(outcome)) request?.resolve(outcome);
    else request?.reject(outcome);
    next();
  }

  function next(): void {
    if (current !== undefined || (current = waiting.shift()) === undefined) return;
    // what has come while the event loop stood still is read first
    timer = setTimeout(request => setImmediate(giveUp, request), timeoutMs, current);
    send(current);
  }

  function giveUp(request: Request): void {
    if (current === request) settle(failure('PTRAP_E_NETLINK_TIMEOUT', timeoutMs));
  }

  function send(request: Request): void {
    const { type, flags, payload } = request;
    request.sequence = sequence = (sequence + 1) >>> 0;
    const message = [messageHeader(type, flags | NLM_F_REQUEST, sequence, payload.length), payload];
    try {
      raw.send(message, {}, error => error && settle(refused(Math.abs(error.errno))));
    } catch {
      settle(failure('PTRAP_E_NETLINK_CLOSED')); // the addon closes itself when poll(2) fails
    }
  }

  raw.on('message', (datagram, { port }) => {
    if (port !== 0 || current === undefined) return; // only the kernel speaks
    const outcome = digest(current, datagram);
    if (isErrno(outcome, constants.errno.EBUSY) && isDump(current)) {
      retry = setTimeout(send, BUSY_MS, current);
    } else if (outcome !== undefined) settle(outcome);
  });
  raw.on('truncatedMessage', () => settle(failure('PTRAP_E_NETLINK_LOST', 'truncated')));
  raw.on('error', ({ code }) => settle(failure('PTRAP_E_NETLINK_LOST', code)));
  raw.unref();

  return {
    request(type, flags, payload) {
      if (closed) return Promise.reject(failure('PTRAP_E_NETLINK_CLOSED'));
      return new Promise((resolve, reject) => {
        waiting.push({ type, flags, payload, sequence: 0, answer: [], resolve, reject });
        next();
      });
    },
    [Symbol.dispose]() {
      if (closed) return;
      closed = true;
      for (const request of waiting.splice(0)) request.reject(failure('PTRAP_E_NETLINK_CLOSED'));
      settle(failure('PTRAP_E_NETLINK_CLOSED'));
      // the addon crashes when it is closed inside its own read callback while a send is queued
      setImmediate(() => raw.close());
    },
  };
}

function isDump({ flags }: Request): boolean {
  return (flags & NLM_F_DUMP) === NLM_F_DUMP;
}

/** What a datagram means for the open request: its end, or undefined while more is to come. */
function digest(request: Request, datagram: Buffer): Buffer[] | PtrapError | undefined {
  try {
    for (const message of messagesOf(datagram)) {
      const outcome = message.sequence === request.sequence ? accept(request, message) : undefined;
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  } catch (error) {
    return error as PtrapError;
  }
}

function accept(
  request: Request,
  { type, flags, payload }: NetlinkMessage,
): Buffer[] | PtrapError | undefined {
  if (type === NLMSG_ERROR || type === NLMSG_DONE) {
    const errno = errnoOf(payload);
    return errno === 0 ? request.answer : refused(errno);
  }
  request.answer.push(payload);
  return (flags & NLM_F_MULTI) !== 0 || (request.flags & NLM_F_ACK) !== 0 ? undefined : request.answer;
}

function openRaw(protocol: number): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(protocol, {
      messagePeeking: false,
      msgBufferSize: RECEIVE_BYTES,
      recvBufferSize: QUEUE_BYTES,
      sendBufferSize: QUEUE_BYTES,
    });
  } catch (error) {
    const { errno } = error as { errno?: number };
    throw errno === undefined ? error : refused(Math.abs(errno));
  }
}

/** The kernel's answer with this errno, a positive number; {@link isErrno} tells which. */
export function refused(errno: number): PtrapError & { errno: number } {
  return Object.assign(failure('PTRAP_E_NETLINK', getSystemErrorName(-errno)), { errno });
}
