import type { Match } from '../hooks.js';
import type { Delivery } from '../rules/delivery.js';
import type { AddressChange } from '../target/addresses.js';

/** A probe packet of ptrap's own that came back through the source. */
export interface Echo {
  match: Match;
  /** When it reached us, on the clock of `performance.now()`. */
  arrived: number;
  /** As in {@link Arrival}. */
  caller?: Caller;
}

/** Who made the system call that sent: what the kernel said of it in that moment. */
export interface Caller {
  /** What told of the call. */
  via: CallSource['name'];
  /** The process (its thread group), by its number in the first pid namespace. */
  pid: number;
  /** When the call was made (performance.now()), to the ms or so. */
  at: number;
  /** It may have been so much earlier, in ms; absent: not at all. */
  slackMs?: number;
  /** Real user id. */
  uid: number;
  /** Clock ticks after boot; absent where the source does not tell it. */
  startTime?: number;
  ppid?: number;
  /** Of the process, not of one of its threads; absent where the source does not tell it. */
  comm?: string;
  exe?: string;
  loginUid?: number;
  /** A thread of the kernel's own: no program has called. */
  isKernel?: boolean;
}

/** Where one who called comes from. */
export interface Origin {
  /** When it was forked (performance.now()). */
  born: number;
  /** Inode of the network namespace in which it was since it began its own program; null where that was not seen. */
  netns: number | null;
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
  /** Where the kernel named the sender itself: there is no socket to look for. */
  caller?: Caller;
}

/** A way in which matches reach us. */
export interface Source {
  /** What it is called on the command line and in events. */
  readonly name: PacketSource['name'] | CallSource['name'];
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

/** A source to which rules bring packets, whose sender is to be looked for. */
export interface PacketSource extends Source {
  readonly name: 'journal' | 'nflog' | 'queue';
  /** Where the rules are to bring packets for it. */
  readonly delivery: Delivery;
}

/** A source that sees the system calls which send, and so brings who made them: it needs no rules, and nothing is held. */
export interface CallSource extends Source {
  readonly name: 'bpf' | 'audit';
  /** Looks for other addresses of a host name. */
  readdress(change: AddressChange): Promise<void>;
}

/** Whether that is what a {@link CallSource} is called. */
export function seesCalls(source: string): source is CallSource['name'] {
  return source === 'bpf' || source === 'audit';
}

/** Whether the packets of a source come from the kernel itself, so that the look-up is most of what a match takes. */
export function comesAtOnce(source: Source['name']): boolean {
  return source === 'nflog' || source === 'queue';
}

/** What never became a match, by the source's own count. */
export interface Losses {
  /** Packets under the limit of their connection: counted by the kernel, not logged. */
  suppressed: number;
  /** Packets that were logged but did not arrive. */
  lost: number;
}
