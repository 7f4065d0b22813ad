import type { Match } from '../hooks.js';
import type { Delivery } from '../rules/delivery.js';

/** A probe packet of ptrap's own that came back through the source. */
export interface Echo {
  match: Match;
  /** When it reached us, on the clock of `performance.now()`. */
  arrived: number;
}

/** A match as a source brings it. */
export interface Arrival {
  match: Match;
  /** When it reached us (performance.now()): the packet was sent before. */
  arrived: number;
  /** What the packet carries after its transport header, cut at the source's snaplen; undefined where the source does not see it. */
  payload?: Uint8Array;
  /** Lets the packet go, which the source holds until then or until the delay has passed; undefined where it holds none. */
  release?: () => void;
}

/** A way in which matches reach us. */
export interface Source {
  /** What it is called on the command line and in events. */
  readonly name: 'journal' | 'nflog' | 'queue';
  /** Where the rules are to bring packets for it. */
  readonly delivery: Delivery;
  /** The matches, in the order of the packets; ends when the source is closed, throws when it cannot go on. */
  readonly matches: AsyncIterable<Arrival>;
  /** Calls `listener` for each probe packet that comes back. */
  onEcho(listener: (echo: Echo) => void): void;
  /**
   * Lets all go that it holds, and sees to it that no more is held, before the table of the rules goes. Settles when
   * nothing waits. Not there where it holds nothing.
   */
  letGo?(): Promise<void>;
  /** Waits until all that was seen so far has been read, or will not come; then tells what is missing. */
  settle(): Promise<Losses>;
  /** Finds out why no probe came back. */
  diagnose(): Promise<Error>;
}

/** What never became a match, by the source's own count. */
export interface Losses {
  /** Packets under the limit of their connection: counted by the kernel, not logged. */
  suppressed: number;
  /** Packets that were logged but did not arrive. */
  lost: number;
}
