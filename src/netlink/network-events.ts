import { linkIn, NETLINK_ROUTE } from './link.js';
import { messagesOf, type NetlinkMessage } from './message.js';
import { openPromptNetlink } from './prompt.js';
import { hearRelay, relayPastOverruns } from './relay.js';

/** Something that has changed in this network namespace. */
export type NetworkEvent =
  /** A device was made or changed, or is gone. */
  | { what: 'link'; index: number; isUp: boolean; isGone: boolean }
  /** A qdisc, class or filter of a device; `deletedQdisc`: what the qdisc that has gone hung on (TC_H_*). */
  | { what: 'traffic-control'; index: number; deletedQdisc?: number }
  /** A route, a rule, or a next hop. */
  | { what: 'route' }
  /** More than was read has changed. */
  | { what: 'unknown' };

/** Who hears of it. */
export interface NetworkListener {
  onEvent(event: NetworkEvent): void;
  /** No more will be heard. */
  onEnd(): void;
}

/** Multicast groups of rtnetlink(7), as bits (RTNLGRP_* of linux/rtnetlink.h, less one). */
const GROUPS = [1, 4, 7, 8, 11, 19, 32].reduce((bits, group) => bits + 2 ** (group - 1), 0);

/** RTM_* of linux/rtnetlink.h. */
const LINK = { made: 16, gone: 17 };
const DELQDISC = 37;
const TRAFFIC_CONTROL = { first: 36, last: 46 };

/** As much as net.core.rmem_max allows. */
const QUEUE_BYTES = 8 << 20;

/**
 * Listens to changes of links, routes and traffic control in this network namespace, until it is disposed of.
 * @throws PTRAP_E_NETLINK where the kernel does not let it
 */
export function openNetworkEvents({ onEvent, onEnd }: NetworkListener): Disposable {
  const child = relayPastOverruns(openPromptNetlink(NETLINK_ROUTE, QUEUE_BYTES, GROUPS));
  const relay = hearRelay(child, {
    onMessages: bytes => messagesOf(bytes).map(eventIn).forEach(onEvent),
    onEnd,
  });
  child.stderr.on('data', () => onEvent({ what: 'unknown' }));
  return {
    [Symbol.dispose]() {
      relay[Symbol.dispose]();
      child.kill('SIGKILL');
    },
  };
}

/** What a message of these groups tells. */
export function eventIn({ type, payload }: Pick<NetlinkMessage, 'type' | 'payload'>): NetworkEvent {
  if ((type === LINK.made || type === LINK.gone) && payload.length >= 16) {
    const { index, isUp } = linkIn(payload);
    // of family AF_BRIDGE it says that the device has left a bridge
    return { what: 'link', index, isUp, isGone: type === LINK.gone && payload[0] === 0 };
  }
  const { first, last } = TRAFFIC_CONTROL;
  if (type >= first && type <= last && payload.length >= 20) {
    const index = payload.readInt32LE(4);
    if (type !== DELQDISC) return { what: 'traffic-control', index };
    return { what: 'traffic-control', index, deletedQdisc: payload.readUInt32LE(12) };
  }
  return { what: 'route' };
}
