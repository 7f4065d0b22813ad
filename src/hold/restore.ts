import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../errors.js';
import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink, type NetlinkSocket } from '../netlink/socket.js';
import {
  deleteRoot,
  dumpTree,
  isRoot,
  makeObject,
  objectOf,
  type TrafficObject,
} from '../netlink/traffic-control.js';
import { fingerprint, requestsFor } from './tree.js';

/** Handle of the root qdisc that ptrap puts in a device's place: `pt`. */
export const ROOT_HANDLE = '7074:';
export const ROOT_NUMBER = 0x70740000;
export const ROOT_KIND = 'prio';

/** How long a moment is waited for at which nothing waits in a qdisc, in ms: what does is lost when it is replaced. */
const LULL = { everyMs: 5, patienceMs: 1_000 };
const ATTEMPTS = 2;

/**
 * Puts back what a device had before `ROOT_HANDLE` came, and compares. What somebody else has put there since is left.
 * Another process may have begun with it and been killed.
 * @param snapshot fingerprint of what was there
 * @throws PTRAP_E_ROOT_RESTORE when it is not as it was
 */
export async function restoreRoot(device: string, snapshot: readonly string[]): Promise<void> {
  using socket = openNetlink(NETLINK_ROUTE);
  const index = await linkIndex(socket, device);
  if (index === undefined) return;
  const wanted = new Set(snapshot);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const tree = await dumpTree(socket, index);
    const found = fingerprint(tree);
    if (isSame(found, snapshot)) return;
    if (!hasOurs(tree)) {
      const isPart = tree.every(
        (object, at) => object.handle === 0 || wanted.has(fingerprint([object])[0] ?? String(at)),
      );
      if (!isPart) return;
      await deleteRoot(socket, index).catch(() => undefined); // a default qdisc cannot be deleted
    }
    await lull(socket, index);
    await build(socket, index, snapshot.map(objectOf));
  }
  if (!isSame(fingerprint(await dumpTree(socket, index)), snapshot))
    throw failure('PTRAP_E_ROOT_RESTORE', device);
}

/** Whether two fingerprints are of the same objects. */
export function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Whether a tree begins with ptrap's qdisc. */
export function hasOurs(tree: readonly TrafficObject[]): boolean {
  const root = tree.find(isRoot);
  return root?.kind === ROOT_KIND && root.handle === ROOT_NUMBER;
}

/** Makes all of a tree on a device; what the kernel refuses shows when it is compared. */
export async function build(
  socket: NetlinkSocket,
  index: number,
  tree: readonly TrafficObject[],
): Promise<void> {
  const requests = requestsFor(tree);
  if (requests.length === 0) await deleteRoot(socket, index).catch(() => undefined); // the default is there already
  for (const object of requests) await makeObject(socket, index, object).catch(() => undefined); // compared later
}

/** Waits for a moment at which nothing waits in the device's root qdisc, but not for ever. */
export async function lull(socket: NetlinkSocket, index: number): Promise<void> {
  const started = performance.now();
  while (performance.now() - started < LULL.patienceMs) {
    const root = (await dumpTree(socket, index)).find(isRoot);
    if (!root?.waiting) return;
    await sleep(LULL.everyMs);
  }
}
