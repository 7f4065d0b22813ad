import { PtrapError } from '../errors.js';
import type { Teardown } from '../teardown/stack.js';
import { openGroup } from './group.js';

/** Rings when a packet has been logged. */
export interface Bell {
  /** The NFLOG group that the rules are to log to, too. */
  group: number;
  /** Calls each listener with the netlink messages that have come, whole ones. */
  onRing(listener: (messages: Buffer) => void): void;
}

/** Bytes of each packet: its ports, behind whatever headers of IPv6. */
export const BELL_SNAPLEN = 256;

/** Hangs up a bell; undefined where the kernel has no NFLOG. */
export async function openBell(teardown: Teardown): Promise<Bell | undefined> {
  const opened = await openGroup(BELL_SNAPLEN).catch((error: unknown) => {
    if (error instanceof PtrapError) return undefined;
    throw error;
  });
  if (!opened) return undefined;
  const { group, socket } = opened;
  const listeners: ((messages: Buffer) => void)[] = [];
  socket.hear({ onMessages: bytes => listeners.forEach(listener => listener(bytes)) });
  teardown.defer(() => socket[Symbol.dispose]());
  return { group, onRing: listener => void listeners.push(listener) };
}
