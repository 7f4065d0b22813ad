import { openDirectNetlink } from './direct.js';
import { linkIn, NETLINK_ROUTE } from './link.js';
import { messagesOf, type NetlinkMessage } from './message.js';

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

/** Multicast groups of rtnetlink(7), as bits (RTNLGRP_* of linux/rtnetlink.h, less one). */
const GROUPS = [1, 4, 7, 8, 11, 19, 32].reduce((bits, group) => bits + 2 ** (group - 1), 0);

/** RTM_* of linux/rtnetlink.h. */
const LINK = { made: 16, gone: 17 };
const DELQDISC = 37;
const TRAFFIC_CONTROL = { first: 36, last: 46 };

/** Room for the start of hundreds of containers. */
const QUEUE_BYTES = 8 << 20;

/**
 * Listens to changes of links, routes and traffic control in this network namespace, until it is disposed of.
 * @throws PTRAP_E_NETLINK where the kernel does not let it
 */
export function openNetworkEvents(onEvent: (event: NetworkEvent) => void): Disposable {
  const socket = openDirectNetlink(NETLINK_ROUTE, {
    queueBytes: QUEUE_BYTES,
    isBeyondMax: true,
    groups: GROUPS,
  });
  socket.hear({
    onMessages: bytes => messagesOf(bytes).map(eventIn).forEach(onEvent),
    onOverrun: () => onEvent({ what: 'unknown' }),
  });
  return socket;
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
