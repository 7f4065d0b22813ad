import { closeSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { startOn, type Child, type ChildPipes } from '../sys/exec.js';
import type { FeedListener } from './feed.js';
import { hear, type Hearing } from './hear.js';
import { bindNetlink, enterNetworkNamespace, netlinkSocket, receiveDrops, setReceiveBuffer } from './libc.js';
import { askPromptly, type DumpSource } from './prompt.js';
import { refused } from './socket.js';

/** A netlink socket that this process reads itself, and at once. Its requests are answered before anything is heard. */
export interface DirectNetlink extends DumpSource, Disposable {
  /** Sends whole messages; what the kernel answers is heard. False where they could not be sent. */
  send(messages: Buffer): boolean;
  /** Reads what comes from now on, without keeping the process alive. */
  hear(listener: FeedListener): Hearing;
  /** How many messages the kernel had no room for. */
  drops(): number;
  /** Gives the socket to a child, too, as its stdin. */
  share(file: string, args: readonly string[], pipes: ChildPipes): Omit<Child, 'stdin'>;
}

/** What a socket is opened with. */
export interface DirectOptions {
  /** The kernel's buffer for us. Default 1 MiB. */
  queueBytes?: number;
  /** Whether that may be more than net.core.rmem_max. */
  isBeyondMax?: boolean;
  /** The multicast groups that it hears, one bit each (nl_groups of netlink(7)). */
  groups?: number;
  /** File of the network namespace that it is of. Default ours. */
  netns?: string | undefined;
}

/**
 * Opens a netlink socket of a protocol (`NETLINK_*` of linux/netlink.h).
 * @throws PTRAP_E_NETLINK when the kernel does not have the protocol, or does not let us hear a group
 */
export function openDirectNetlink(protocol: number, options: DirectOptions = {}): DirectNetlink {
  const fd = options.netns === undefined ? open(protocol, options) : openIn(options.netns, protocol, options);
  let hearing: Hearing | undefined;
  let isOpen = true;
  return {
    ...askPromptly(fd),
    send(messages) {
      if (!isOpen) return false; // the descriptor may be somebody else's by now
      try {
        return writeSync(fd, messages) === messages.length;
      } catch {
        return false; // the kernel has no memory left
      }
    },
    hear: listener => (hearing = hear(fd, listener)),
    drops: () => receiveDrops(fd),
    share: (file, args, pipes) => startOn(fd, pipes, file, args),
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      hearing?.[Symbol.dispose]();
      closeSync(fd);
    },
  };
}

function open(
  protocol: number,
  { queueBytes = 1 << 20, isBeyondMax = false, groups = 0 }: DirectOptions,
): number {
  const fd = orRefused(netlinkSocket(protocol));
  try {
    setReceiveBuffer(fd, queueBytes, isBeyondMax);
    orRefused(bindNetlink(fd, groups));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A socket stays in the namespace that it was opened in; a namespace is a thread's own, and nothing else runs meanwhile. */
function openIn(netns: string, protocol: number, options: DirectOptions): number {
  const [there, ours] = [openSync(netns, 'r'), openSync('/proc/thread-self/ns/net', 'r')];
  try {
    orRefused(enterNetworkNamespace(there));
    try {
      return open(protocol, options);
    } finally {
      orRefused(enterNetworkNamespace(ours));
    }
  } finally {
    closeSync(there);
    closeSync(ours);
  }
}

function orRefused(result: number): number {
  if (result < 0) throw refused(-result || constants.errno.EIO);
  return result;
}
