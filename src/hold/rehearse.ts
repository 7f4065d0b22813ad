import { failure } from '../errors.js';
import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink, type NetlinkSocket } from '../netlink/socket.js';
import { deleteRoot, dumpTree, isRoot, type TrafficObject } from '../netlink/traffic-control.js';
import { must } from '../sys/exec.js';
import { build, isSame } from './restore.js';
import { fingerprint, objectionTo } from './tree.js';

/** What `ip -d -j link` tells of a device, as far as qdiscs depend on it. */
interface Link {
  mtu: number;
  txqlen?: number;
  num_tx_queues: number;
}

/** Finds out what can be restored. */
export interface Rehearsal extends AsyncDisposable {
  /**
   * What a device has at its root; undefined where there is no such device.
   * @throws PTRAP_E_ROOT_QDISC where it cannot be restored exactly; nothing of the device was touched
   */
  snapshotOf(device: string): Promise<string[] | undefined>;
}

/** Rehearses on a scratch device of ours, which is gone afterwards. */
export function openRehearsal(scratch: string, alias: string): Rehearsal {
  const socket = openNetlink(NETLINK_ROUTE);
  let shape = '';

  async function reshape(wanted: string): Promise<void> {
    if (shape === wanted) return;
    if (shape) await must('ip', ['link', 'del', 'dev', scratch]);
    shape = wanted;
    if (shape) await makeScratch(scratch, alias, shape);
  }

  return {
    async snapshotOf(device) {
      const index = await linkIndex(socket, device);
      if (index === undefined) return undefined;
      const tree = await dumpTree(socket, index);
      refuseWhatIsNotTold(device, tree);
      const wanted = await shapeOf(device);
      const snapshot = fingerprint(tree);
      if (hasNoQueue(tree)) return snapshot;
      await reshape(wanted);
      const back = await rehearseOn(socket, scratch, tree);
      if (isSame(back, snapshot)) return snapshot;
      const lost = tree.find(object => !back.includes(fingerprint([object])[0]!)) ?? tree.find(isRoot)!;
      throw failure('PTRAP_E_ROOT_QDISC', device, nameOf(lost), 'it does not come back as it was');
    },
    async [Symbol.asyncDispose]() {
      await reshape('');
      socket[Symbol.dispose]();
    },
  };
}

/**
 * What each device has at its root.
 * @throws PTRAP_E_ROOT_QDISC
 */
export async function rehearse(
  devices: readonly string[],
  scratch: string,
  alias: string,
): Promise<Map<string, string[]>> {
  await using rehearsal = openRehearsal(scratch, alias);
  const snapshots = new Map<string, string[]>();
  for (const device of devices) {
    const snapshot = await rehearsal.snapshotOf(device);
    if (snapshot) snapshots.set(device, snapshot);
  }
  return snapshots;
}

function refuseWhatIsNotTold(device: string, tree: readonly TrafficObject[]): void {
  for (const object of tree) {
    const why = objectionTo(object);
    if (why) throw failure('PTRAP_E_ROOT_QDISC', device, nameOf(object), why);
  }
}

function nameOf({ kind, type }: TrafficObject): string {
  return `${type} ${kind}`;
}

/** noqueue with handle 0 is what the kernel itself gives such a device. */
function hasNoQueue(tree: readonly TrafficObject[]): boolean {
  return tree.length === 1 && tree[0]?.kind === 'noqueue' && tree[0].handle === 0;
}

/** What defaults of a qdisc may depend on, as `ip link add` takes it. */
async function shapeOf(device: string): Promise<string> {
  const [link] = JSON.parse(await must('ip', ['-d', '-j', 'link', 'show', 'dev', device])) as Link[];
  const { mtu, txqlen = 0, num_tx_queues: queues } = link!;
  // a qdisc of ours takes its limit from that length
  if (txqlen === 0) throw failure('PTRAP_E_ROOT_QDISC', device, 'what is', 'the device has no queue length');
  return `mtu ${mtu} txqueuelen ${txqlen} numtxqueues ${queues}`;
}

async function makeScratch(name: string, alias: string, shape: string): Promise<void> {
  await must('ip', ['link', 'add', name, ...shape.split(' '), 'type', 'ifb']);
  await must('ip', ['link', 'set', name, 'alias', alias]);
  await must('ip', ['link', 'set', name, 'up']);
}

/** Builds the tree there, and gives the fingerprint of what has become of it. */
async function rehearseOn(
  socket: NetlinkSocket,
  scratch: string,
  tree: readonly TrafficObject[],
): Promise<string[]> {
  const index = (await linkIndex(socket, scratch))!;
  await build(socket, index, tree);
  const back = fingerprint(await dumpTree(socket, index));
  await deleteRoot(socket, index).catch(() => undefined); // a default qdisc cannot be deleted
  return back;
}
