import type { Flow } from '../events.js';
import type { Match } from '../hooks.js';
import type { Caller, Echo } from './source.js';
import { readTag } from '../nft/tag.js';

/** Tells the packets of targets from ptrap's own probes, and counts both. */
export interface Sorting {
  /** The match that a packet is, or undefined where it is a probe: whoever waits for that is told. `tag` names its rule. */
  sort(packet: { tag: string; at: string; flow: Flow; caller?: Caller }): Match | undefined;
  onEcho(listener: (echo: Echo) => void): void;
  /** How many packets came so far. */
  read(): number;
  /** What comes from now on neither counts nor is it a match. */
  close(): void;
}

/** @param targets canonical texts, by the index that a tag is */
export function openSorting(targets: readonly string[]): Sorting {
  const listeners: ((echo: Echo) => void)[] = [];
  let read = 0;
  let isClosed = false;
  return {
    sort({ tag, at, flow, caller }) {
      if (isClosed) return undefined;
      read += 1;
      const { index, isOfPacketSocket } = readTag(tag);
      const target = index === undefined ? undefined : targets[index];
      const seen = isOfPacketSocket ? { ...flow, packetSocket: true as const } : flow;
      const match = { target: target ?? tag, at, flow: seen };
      if (target !== undefined) return match;
      for (const listener of listeners)
        listener({ match, arrived: performance.now(), ...(caller && { caller }) });
      return undefined;
    },
    onEcho: listener => void listeners.push(listener),
    read: () => read,
    close: () => void (isClosed = true),
  };
}
