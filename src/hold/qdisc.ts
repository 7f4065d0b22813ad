import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import { dumpTree } from '../netlink/traffic-control.js';
import { fingerprint } from './tree.js';

/** What hangs on the root of each device, as texts that are only ever compared; empty for one that is gone. */
export type QdiscSnapshot = ReadonlyMap<string, string>;

/** Qdiscs, classes and filters of the devices, asked of the kernel itself: what tc prints is not all of it. */
export async function snapshotQdiscs(devices: readonly string[]): Promise<QdiscSnapshot> {
  using socket = openNetlink(NETLINK_ROUTE);
  const snapshot = new Map<string, string>();
  for (const device of devices) {
    const index = await linkIndex(socket, device);
    snapshot.set(device, index === undefined ? '' : fingerprint(await dumpTree(socket, index)).join('\n'));
  }
  return snapshot;
}

/** Devices that are still there and on which something differs; empty when all is as it was. */
export function changedQdiscs(before: QdiscSnapshot, after: QdiscSnapshot): string[] {
  return [...before].flatMap(([device, text]) => {
    const now = after.get(device);
    return now && now !== text ? [device] : [];
  });
}
