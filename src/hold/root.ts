import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink, type NetlinkSocket } from '../netlink/socket.js';
import { dumpTree } from '../netlink/traffic-control.js';
import type { Effect } from '../teardown/record.js';
import type { Teardown } from '../teardown/stack.js';
import type { ClsactOptions } from './clsact.js';
import { cookieOf, filterCommands, runTc } from './filters.js';
import { freeHeld, holdNoMore, type HeldEffect } from './held.js';
import type { Hooks, Refusal } from './hooks.js';
import type { Command } from './ifb.js';
import { hasOurs, lull, restoreRoot, ROOT_HANDLE, ROOT_KIND } from './restore.js';

type RootEffect = Extract<Effect, { kind: 'root' }>;

/** What this strategy needs. */
export interface RootOptions extends ClsactOptions {
  /** Told on stderr what a user should know. */
  say(line: string): void;
}

/**
 * Sends what matches through the ifb by filters in a qdisc of ours, which takes the place of what each device has at
 * its root until the end. Devices that come later are refused.
 * @param snapshots what `rehearse` gave
 * @throws PTRAP_E_TC_FILTER; what it made is then undone
 */
export async function hookRoot(
  teardown: Teardown,
  snapshots: ReadonlyMap<string, string[]>,
  options: RootOptions,
): Promise<Hooks> {
  const socket = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => socket[Symbol.dispose]());
  const made = new Map<number, RootEffect>();

  function undo({ device, snapshot }: RootEffect, index: number): () => Promise<void> {
    let isBegun = false;
    return async () => {
      if (!isBegun && made.has(index) && !(await hasOurRoot(socket, index))) {
        options.say(`${device}: its root qdisc is another’s now, and stays as it is`);
        return;
      }
      isBegun = true;
      await restoreRoot(device, snapshot);
    };
  }

  async function hook(device: string, snapshot: string[], index: number): Promise<void> {
    const effect: RootEffect = { kind: 'root', device, snapshot };
    await teardown.make(
      effect,
      async () => {
        await lull(socket, index);
        await runTc(device, rootCommands(device));
      },
      undo(effect, index),
    );
    made.set(index, effect);
  }

  /** Its qdisc stays; only the record has to know. */
  async function rename(index: number, device: string): Promise<void> {
    const before = made.get(index)!;
    const effect = { ...before, device };
    await teardown.make(effect, () => teardown.forget(before), undo(effect, index));
    made.set(index, effect);
  }

  for (const [device, snapshot] of snapshots) {
    const index = await linkIndex(socket, device);
    if (index !== undefined) await hook(device, snapshot, index);
  }
  const held: HeldEffect = { kind: 'held', link: options.ifb, cookie: cookieOf(options.instance) };
  await teardown.make(
    held,
    async () => {
      for (const { device } of made.values()) await runTc(device, rootFilterCommands(device, options));
    },
    () => freeHeld(held),
  );
  return {
    async change(added) {
      const refusals: Refusal[] = [];
      for (const { index, name } of added) {
        if (made.has(index)) await rename(index, name);
        else refusals.push({ device: name, why: '--hold-strategy root keeps to the devices of its start' });
      }
      return refusals;
    },
    isTakenFrom: async ({ index }) => made.has(index) && !(await hasOurRoot(socket, index)),
    async release() {
      await holdNoMore(held);
      await teardown.forget(held);
      for (const effect of made.values()) await teardown.undo(effect);
    },
  };
}

/** Whether a device has the qdisc that ptrap puts at its root. */
async function hasOurRoot(socket: NetlinkSocket, index: number): Promise<boolean> {
  return hasOurs(await dumpTree(socket, index));
}

/** The commands that put ptrap's qdisc at the root of a device. */
export function rootCommands(device: string): Command[] {
  return [['tc', 'qdisc', 'replace', 'dev', device, 'root', 'handle', ROOT_HANDLE, ROOT_KIND]];
}

/** The commands that make its filters, when all devices have theirs. */
export function rootFilterCommands(device: string, { instance, ifb, matches }: ClsactOptions): Command[] {
  const prefs = { ip: 1, ipv6: 2 };
  return filterCommands(device, ['parent', ROOT_HANDLE], { prefs, matches, ifb, cookie: cookieOf(instance) });
}
