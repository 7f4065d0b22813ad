import { listLinks, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import type { Effect } from '../teardown/record.js';
import { removeFilters } from './filters.js';
import { drain } from './ifb.js';
import { ROOT_NUMBER } from './restore.js';

export type HeldEffect = Extract<Effect, { kind: 'held' }>;

/** Holds no more packets: takes an instance's filters out of the qdiscs that ptrap has put at the roots of devices, whatever their names are now. */
export async function holdNoMore({ cookie }: HeldEffect): Promise<void> {
  using socket = openNetlink(NETLINK_ROUTE);
  for (const { index } of await listLinks(socket)) await removeFilters(socket, index, ROOT_NUMBER, cookie);
}

/** The same, and waits until those that are held have gone their way: they would be lost if they came while the root of their device is exchanged. */
export async function freeHeld(effect: HeldEffect): Promise<void> {
  await holdNoMore(effect);
  await drain(effect.link);
}
