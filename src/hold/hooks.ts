import type { AddressChange } from '../target/addresses.js';
import type { Device } from './devices.js';

/** A device whose packets cannot be held. */
export interface Refusal {
  device: string;
  /** In words. */
  why: string;
}

/** What sends the packets of devices into the ifb. */
export interface Hooks {
  /** Does so on `added`, too, and no longer on `dropped`, which may be there no more. Gives those of `added` on which it cannot be done. */
  change(added: readonly Device[], dropped: readonly Device[]): Promise<Refusal[]>;
  /** Brings other addresses of a host name in; undefined where that cannot be done. */
  readdress?(change: AddressChange): Promise<void>;
  /** Whether somebody else has taken away what does it on a device; undefined where nobody else can. */
  isTakenFrom?(device: Device): Promise<boolean>;
  /** A qdisc of this device has gone, by whoever's hand; `parent` is what it hung on (TC_H_*). */
  qdiscGone?(index: number, parent: number): Promise<void>;
  /** Takes all of it off at once. */
  release(): Promise<void>;
}
