import { failure, PtrapError } from '../errors.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { counterReader } from '../netlink/nft-counter.js';
import { openNetlink } from '../netlink/socket.js';
import { changeAddressSets } from '../nft/address-set.js';
import type { NftSession } from '../nft/session.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Effect } from '../teardown/record.js';
import type { Teardown } from '../teardown/stack.js';
import type { Device } from './devices.js';
import { buildEgress, deviceChain, hookDevice, UNHELD } from './egress.js';
import type { Hooks, Refusal } from './hooks.js';
import { MOST_HELD } from './ifb.js';
import { watchShortage } from './shortage.js';

/** What the egress hook needs to know. */
export interface EgressOptions {
  /** Name of the netdev table. */
  table: string;
  ifb: string;
  delayMs: number;
  say(line: string): void;
}

/**
 * Holds by rules in nft's egress hook of each device: a chain for each, in one table.
 * @throws PTRAP_E_EGRESS_MISSING where nft or the kernel has no such hook
 */
export async function hookEgress(
  nft: NftSession,
  teardown: Teardown,
  devices: readonly Device[],
  targets: readonly ResolvedTarget[],
  { table, ifb, delayMs, say }: EgressOptions,
): Promise<Hooks> {
  const effect: Effect = { kind: 'table', family: 'netdev', name: table };
  const names = devices.map(({ name }) => name);
  await teardown.make(
    effect,
    () =>
      nft.transaction(buildEgress(table, ifb, names, targets, delayMs)).catch((error: unknown) => {
        throw failure('PTRAP_E_EGRESS_MISSING', String(error));
      }),
    () => nft.deleteTable('netdev', table),
  );
  const netlink = openNetlink(NETLINK_NETFILTER);
  teardown.defer(() => netlink[Symbol.dispose]());
  watchShortage(teardown, counterReader(netlink, table, UNHELD, 'netdev'), packets =>
    say(`${packets} packets were not held: with them more than ${MOST_HELD} would have been, at once`),
  );
  const chains = new Map(devices.map(({ index }, place) => [index, deviceChain(place)]));
  let places = devices.length;

  /** One by one: a device may have gone a moment ago. */
  async function hookEach(added: readonly { device: Device; chain: string }[]): Promise<Refusal[]> {
    const refusals: Refusal[] = [];
    for (const { device, chain } of added) {
      try {
        await nft.transaction(hookDevice(table, chain, device.name));
      } catch (error) {
        if (!(error instanceof PtrapError)) throw error;
        refusals.push({ device: device.name, why: error.message });
      }
    }
    return refusals;
  }

  return {
    async change(added, dropped) {
      // a kernel before 6.16 has deleted the chain of a device that has gone, a later one keeps it for the next of that name
      const there = new Set(await nft.chains('netdev', table));
      const off = dropped.flatMap(({ index }) => {
        const chain = chains.get(index) ?? '';
        chains.delete(index);
        return there.has(chain) ? [`delete chain netdev ${table} ${chain}`] : [];
      });
      const on = added.map(device => ({ device, chain: deviceChain(places++) }));
      for (const { device, chain } of on) chains.set(device.index, chain);
      const commands = on.flatMap(({ device, chain }) => hookDevice(table, chain, device.name));
      if (off.length + commands.length === 0) return [];
      try {
        await nft.transaction([...off, ...commands]);
        return [];
      } catch (error) {
        if (!(error instanceof PtrapError)) throw error;
        await nft.transaction(off);
        return hookEach(on);
      }
    },
    readdress: change => nft.transaction(changeAddressSets(`netdev ${table}`, change)),
    release: () => teardown.undo(effect),
  };
}
