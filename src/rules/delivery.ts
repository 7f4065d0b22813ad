import type { Tag } from '../nft/tag.js';

/** Where the rules bring matching packets, as a source asks for it. */
export type Delivery =
  /** A line in the kernel's log, and where there is a `bell`, a byte of the packet to that NFLOG group. */
  | { to: 'kernel-log'; bell?: number | string }
  /** An NFLOG group, each packet at once with its first `snaplen` bytes. */
  | { to: 'group'; group: number | string; snaplen: number }
  /** An NFQUEUE queue for each target, by its index, and one for probes; there a packet waits `delayMs` at the most. */
  | { to: 'queues'; queues: readonly (number | string)[]; probes: number | string; delayMs: number };

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
      return `${prefix} level debug flags skuid${delivery.bell === undefined ? '' : ` log ${group(delivery.bell, 1)}`}`;
    case 'group':
      return `${prefix} ${group(delivery.group, delivery.snaplen)}`;
    case 'queues':
      // bypass: with nobody there to give a verdict, packets pass
      return `queue num ${typeof tag === 'number' ? delivery.queues[tag] : delivery.probes} bypass`;
  }
}

/** Each packet at once, and not when a batch is full. */
function group(number: number | string, snaplen: number): string {
  return `group ${number} snaplen ${snaplen} queue-threshold 1`;
}
