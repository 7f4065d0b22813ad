import { PtrapError } from '../errors.js';
import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import { dumpTree, isRoot } from '../netlink/traffic-control.js';
import type { NftSession } from '../nft/session.js';
import { requireTool } from '../sys/requirements.js';
import type { ResolvedTarget } from '../target/target.js';
import { openGuard } from '../teardown/guard.js';
import type { Teardown } from '../teardown/stack.js';
import { hookClsact } from './clsact.js';
import { openDevices, type Device } from './devices.js';
import { hookEgress } from './egress-hooks.js';
import { followHold, type HoldFollower } from './follow.js';
import type { Hooks } from './hooks.js';
import { makeIfb, MOST_HELD, removeIfb } from './ifb.js';
import { changedQdiscs, snapshotQdiscs } from './qdisc.js';
import { rehearse } from './rehearse.js';
import { hookRoot } from './root.js';
import { watchShortage } from './shortage.js';
import { tcMatches } from './tc-match.js';

/** How packets get into the ifb. */
export type Hook = 'egress' | 'clsact' | 'root';

/** What the hold needs to know of the instance. */
export interface HoldOptions {
  instance: string;
  /** Name of the netdev table, and of the ifb. */
  table: string;
  ifb: string;
  /** Marks the ifb as this process's. */
  alias: string;
  delayMs: number;
  /** How packets get into the ifb; undefined: egress, or clsact where the kernel has no egress hook. */
  hook: Hook | undefined;
  /** Told on stderr what a user should know. */
  say(line: string): void;
  /** Told what is not held, and so is to be in the summary as well. */
  tellGap(line: string): void;
}

/** Names of an instance's ifb; `ptrap` and the id fit into the 15 characters of a link's name. */
export function ifbName(instance: string): string {
  return `ptrap${instance}`;
}

/** The alias by which another process sees whose the ifb is. */
export function ifbAlias(pid: number | string, startTime: number | string): string {
  return `ptrap pid=${pid} start=${startTime}`;
}

/**
 * Holds packets to the targets for `delayMs` on every device that they leave by. Existing qdiscs are not touched;
 * they are compared before and after all the same.
 * @throws PTRAP_E_NETEM_MISSING, PTRAP_E_IFB_MISSING, PTRAP_E_EGRESS_MISSING, PTRAP_E_INGRESS_QDISC, PTRAP_E_TC_FILTER,
 *   PTRAP_E_ROOT_QDISC; nothing is left then
 */
export async function holdWithNetem(
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: HoldOptions,
): Promise<HoldFollower> {
  const { instance, ifb, alias, delayMs, hook, say, tellGap } = options;
  for (const tool of ['ip', 'tc']) await requireTool(tool);
  return teardown.attempt(async () => {
    const netlink = openNetlink(NETLINK_ROUTE);
    teardown.defer(() => netlink[Symbol.dispose]());
    const devices = openDevices(netlink);
    const first = await devices.to(targets);
    const names = first.map(({ name }) => name);
    const before = await snapshotQdiscs(names);
    teardown.defer(async () => {
      const changed = changedQdiscs(before, await snapshotQdiscs(names));
      if (changed.length > 0)
        say(`qdiscs have changed while ptrap ran, and not by ptrap, on ${changed.join(', ')}`);
    });
    const guard = await openGuard(instance);
    const snapshots = await teardown.make(
      { kind: 'link', name: ifb, alias },
      async () => {
        const found = hook === 'root' ? await rehearse(names, ifb, alias) : undefined;
        await makeIfb(ifb, alias, delayMs);
        return found;
      },
      async () => {
        await removeIfb(ifb, alias);
        guard.dismiss();
      },
    );
    watchDrops(teardown, ifb, say);
    const matches = tcMatches(targets);
    const hooks = snapshots
      ? await hookRoot(teardown, snapshots, { instance, ifb, matches, say })
      : await hookDevices(nft, teardown, first, targets, options);
    return followHold(teardown, { devices, first, hooks, ifb, say, tellGap });
  });
}

/** Sends matching packets into the ifb. */
async function hookDevices(
  nft: NftSession,
  teardown: Teardown,
  devices: readonly Device[],
  targets: readonly ResolvedTarget[],
  options: HoldOptions,
): Promise<Hooks> {
  const { instance, ifb, hook, say } = options;
  if (hook !== 'clsact') {
    try {
      return await teardown.attempt(() => hookEgress(nft, teardown, devices, targets, options));
    } catch (error) {
      if (hook || !(error instanceof PtrapError && error.code === 'PTRAP_E_EGRESS_MISSING')) throw error;
      say(`packets are held by filters in clsact (${error.message})`);
    }
  }
  return hookClsact(teardown, devices, { instance, ifb, matches: tcMatches(targets) });
}

/** Packets that come by filters are not counted before they come. */
function watchDrops(teardown: Teardown, ifb: string, say: HoldOptions['say']): void {
  const netlink = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => netlink[Symbol.dispose]());
  const dropped = async (): Promise<number> => {
    const index = await linkIndex(netlink, ifb);
    return (index === undefined ? [] : await dumpTree(netlink, index)).find(isRoot)?.dropped ?? 0;
  };
  watchShortage(teardown, dropped, packets =>
    say(`netem dropped ${packets} held packets: more than ${MOST_HELD} were held at once`),
  );
}
