import type { Network } from './target.js';

/** What has changed of a name's addresses. */
export interface AddressChange {
  /** As in ResolvedTarget. */
  set: string;
  added: readonly Network[];
  removed: readonly Network[];
  /** All that count now. */
  networks: readonly Network[];
}

/** The addresses of one name over time. */
export interface Addresses {
  /**
   * Takes an answer that came at `now` (performance.now()); undefined when nothing has changed. Of an answer that
   * failed nothing is to be learned: then it is not called.
   */
  take(answer: readonly Network[], now: number): AddressChange | undefined;
}

/**
 * How long an address counts after the last answer that had it, in ms: connections to it may still run, programs keep
 * addresses for longer than they should, and some names have more than one answer tells.
 */
export const LINGER_MS = 600_000;

/** Starts with the answer of `now`. */
export function openAddresses(set: string, first: readonly Network[], now: number): Addresses {
  const seen = new Map(first.map(network => [network.address, { network, at: now }]));
  return {
    take(answer, at) {
      const added = answer.filter(({ address }) => !seen.has(address));
      for (const network of answer) seen.set(network.address, { network, at });
      const removed = [...seen.values()].flatMap(one => (one.at < at - LINGER_MS ? [one.network] : []));
      for (const { address } of removed) seen.delete(address);
      if (added.length + removed.length === 0) return undefined;
      return { set, added, removed, networks: [...seen.values()].map(({ network }) => network) };
    },
  };
}
