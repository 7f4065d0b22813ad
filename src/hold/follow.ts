import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import type { NetworkEvent } from '../netlink/network-events.js';
import { openNetlink } from '../netlink/socket.js';
import { dumpTree, isRoot } from '../netlink/traffic-control.js';
import { traceLine } from '../sys/exec.js';
import type { AddressChange } from '../target/addresses.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { areSingle, type Device, type Devices } from './devices.js';
import type { Hooks } from './hooks.js';

/** A hold that keeps up with a world that changes. */
export interface HoldFollower {
  /** Something has changed; what endangers packets is answered at once. */
  onEvent(event: NetworkEvent): Promise<void>;
  /** Holds on the devices by which packets to the targets leave now. */
  look(targets: readonly ResolvedTarget[]): Promise<void>;
  /** A host name has other addresses. */
  readdress(change: AddressChange): Promise<void>;
}

/** What keeping up needs. */
export interface FollowOptions {
  devices: Devices;
  /** Those on which packets are held so far. */
  first: readonly Device[];
  hooks: Hooks;
  ifb: string;
  /** Told on stderr what a user should know. */
  say(line: string): void;
  /** Told what is not held, and so is to be in the summary as well. */
  tellGap(line: string): void;
}

/** Opens one over what is held from the start. */
export async function followHold(
  teardown: Teardown,
  { devices, first, hooks, ifb, say, tellGap }: FollowOptions,
): Promise<HoldFollower> {
  const netlink = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => netlink[Symbol.dispose]());
  const ifbIndex = (await linkIndex(netlink, ifb)) ?? 0;
  const held = new Map(first.map(device => [device.index, device]));
  /** Devices whose traffic control has changed since it was looked at, and those on which we lost our place in it. */
  const touched = new Set<number>();
  const lost = new Set<number>();
  let isOff = false;
  let isStale = false;

  /** Rules that send packets into an ifb which lets none out would lose them all. */
  async function letGo(why: string): Promise<void> {
    if (isOff) return;
    isOff = true;
    await hooks.release();
    tellGap(`packets are not held any more: ${ifb} ${why}, not by ptrap; what it held then is lost`);
  }

  async function checkIfb(): Promise<void> {
    const root = (await dumpTree(netlink, ifbIndex)).find(isRoot);
    if (root && root.kind !== 'netem') await letGo('has another qdisc than netem');
  }

  async function checkTouched(): Promise<void> {
    for (const index of [...touched]) {
      touched.delete(index);
      const device = held.get(index);
      if (!device || lost.has(index) || !(await hooks.isTakenFrom?.(device))) continue;
      lost.add(index);
      tellGap(
        `${device.name}: its packets are not held any more: what held them was taken away, not by ptrap`,
      );
    }
  }

  /** Only what is still there: a device may be gone again by now. */
  async function tell(added: readonly Device[], refused: ReadonlyMap<string, string>, isEvery: boolean) {
    for (const { index, name } of added) {
      if ((await linkIndex(netlink, name)) !== index) continue;
      const why = refused.get(name);
      if (why !== undefined) tellGap(`${name}: its packets are not held (${why})`);
      else if (isEvery) traceLine(`packets are held on ${name}, too`);
      else say(`packets to a target leave by ${name} now, and are held there, too`);
    }
  }

  async function keepUp(targets: readonly ResolvedTarget[]): Promise<void> {
    const wanted = await devices.to(targets);
    const isHeld = ({ index, name }: Device): boolean => held.get(index)?.name === name;
    const isWanted = (device: Device): boolean =>
      wanted.some(({ index, name }) => index === device.index && name === device.name);
    const added = wanted.filter(device => !isHeld(device));
    const dropped = [...held.values()].filter(device => !isWanted(device));
    if (added.length + dropped.length > 0) {
      for (const { index } of dropped) held.delete(index);
      for (const device of added) held.set(device.index, device);
      const refusals = await hooks.change(added, dropped);
      await tell(added, new Map(refusals.map(({ device, why }) => [device, why])), !areSingle(targets));
    }
    await checkTouched();
  }

  return {
    async onEvent(event) {
      if (isOff || event.what === 'route') return;
      if (event.what === 'unknown') {
        for (const index of held.keys()) touched.add(index);
      } else if (event.index === ifbIndex) {
        if (event.what === 'traffic-control') await checkIfb();
        else if (event.isGone || !event.isUp) await letGo('was set down or deleted');
      } else if (event.what === 'traffic-control') {
        touched.add(event.index);
        if (event.deletedQdisc !== undefined) await hooks.qdiscGone?.(event.index, event.deletedQdisc);
      }
    },
    async look(targets) {
      if (isOff) return;
      await keepUp(targets).catch((error: unknown) => {
        if (!isOff) throw error; // what it was to change has gone meanwhile
      });
    },
    async readdress(change) {
      if (isOff || isStale) return;
      if (hooks.readdress) return hooks.readdress(change);
      isStale = change.added.length > 0;
      if (isStale)
        tellGap(
          'packets to other addresses of a host name are not held: filters of tc keep to those of the start',
        );
    },
  };
}
