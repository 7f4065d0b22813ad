import { PtrapError } from '../errors.js';
import { hearRelay } from '../netlink/relay.js';
import type { Teardown } from '../teardown/stack.js';
import { openGroup } from './group.js';

/** Rings when a packet has been logged. */
export interface Bell {
  /** The NFLOG group that the rules are to log to, too. */
  group: number;
  onRing(listener: () => void): void;
  /** False once the child that listens has ended. */
  rings(): boolean;
}

/** A byte of each packet will do. */
const BELL_SNAPLEN = 1;

/** Hangs up a bell; undefined where the kernel has no NFLOG. */
export async function openBell(teardown: Teardown): Promise<Bell | undefined> {
  const opened = await openGroup(BELL_SNAPLEN).catch((error: unknown) => {
    if (error instanceof PtrapError) return undefined;
    throw error;
  });
  if (!opened) return undefined;
  const { group, child } = opened;
  let listener = (): void => undefined;
  let rings = true;
  const relay = hearRelay(child, { onMessages: () => listener(), onEnd: () => (rings = false) });
  teardown.defer(() => {
    relay[Symbol.dispose]();
    child.kill('SIGKILL');
  });
  return { group, rings: () => rings, onRing: ring => void (listener = ring) };
}
