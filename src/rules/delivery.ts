import type { Tag } from '../nft/tag.js';

/** Where the rules bring matching packets, as a source asks for it. */
export type Delivery =
  /** A line in the kernel's log, and where there is a `bell`, before that the packet's head to that NFLOG group. */
  | { to: 'kernel-log'; bell?: Group }
  /** An NFLOG group. */
  | ({ to: 'group' } & Group)
  /** An NFQUEUE queue for each target, by its index, and one for probes; there a packet waits `delayMs` at the most. */
  | { to: 'queues'; queues: readonly (number | string)[]; probes: number | string; delayMs: number };

/** An NFLOG group, to which each packet goes at once with its first `snaplen` bytes. */
export interface Group {
  group: number | string;
  snaplen: number;
}

/**
 * What every log line of this instance begins with.
 * @see xt_LOG(8): at most 127 characters
 */
export function logPrefix(instance: string, tag: Tag): string {
  return `ptrap-${instance}-${tag}: `;
}

/** The statement (nft(8)) at the end of a rule that delivers a packet. */
export function deliver(delivery: Delivery, instance: string, tag: Tag): string {
  const prefix = `log prefix "${logPrefix(instance, tag)}"`;
  switch (delivery.to) {
    case 'kernel-log':
      return `${delivery.bell ? `${prefix} ${toGroup(delivery.bell)} ` : ''}${prefix} level debug flags skuid`;
    case 'group':
      return `${prefix} ${toGroup(delivery)}`;
    case 'queues':
      // bypass: with nobody there to give a verdict, packets pass
      return `queue num ${typeof tag === 'number' ? delivery.queues[tag] : delivery.probes} bypass`;
  }
}

/** Each packet at once, and not when a batch is full. */
function toGroup({ group, snaplen }: Group): string {
  return `group ${group} snaplen ${snaplen} queue-threshold 1`;
}
