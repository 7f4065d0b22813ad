import { constants } from 'node:os';
import { PtrapError } from '../errors.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { counterReader } from '../netlink/nft-counter.js';
import { isErrno, openNetlink } from '../netlink/socket.js';
import { changeAddressSets } from '../nft/address-set.js';
import type { NftSession } from '../nft/session.js';
import { traceLine } from '../sys/exec.js';
import type { AddressChange } from '../target/addresses.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { hookableDevices } from '../nft/device.js';
import { LOGGED, MATCHED } from './chains.js';
import { buildPacketSockets, packetSocketTable } from './packet-sockets.js';
import {
  buildProbeRule,
  buildRuleset,
  CHAIN,
  chainsWithPorts,
  tableName,
  type ProbeAddress,
  type RulesetOptions,
} from './ruleset.js';
import { buildSenders } from './senders.js';

/** The instance's rules as the kernel has them. */
export interface RuleSet {
  /** Name of the table, in family inet. */
  table: string;
  /** Handles of the rules in the base chain, by their comment. */
  handles: ReadonlyMap<string, number>;
  /** Delivers probe packets until the returned function takes the rule away again, by its handle. */
  addProbe(probe: ProbeAddress): Promise<() => Promise<void>>;
  /** Brings other addresses of a host name into the rules. */
  readdress(change: AddressChange): Promise<void>;
}

/** How many packets the kernel has counted so far: those that matched, and those of them that it brought to the source. */
export interface Counters {
  /** Both reject while there is no table. */
  matched(): Promise<number>;
  logged(): Promise<number>;
}

/** Opens the counters of the instance's rules, before or after these are applied. */
export function openCounters(teardown: Teardown, instance: string): Counters {
  const netlink = openNetlink(NETLINK_NETFILTER);
  teardown.defer(() => netlink[Symbol.dispose]());
  const sum = (name: string) => {
    const routed = counterReader(netlink, tableName(instance), name);
    const past = counterReader(netlink, packetSocketTable(instance), name, 'netdev');
    return async () => (await routed()) + (await past().catch(noneWithoutTable));
  };
  return { matched: sum(MATCHED), logged: sum(LOGGED) };
}

/** The kernel cannot tell what packet sockets send, or that is not wanted. */
function noneWithoutTable(error: unknown): number {
  if (isErrno(error, constants.errno.ENOENT)) return 0;
  throw error;
}

/**
 * Applies the ruleset in one transaction and keeps the handles.
 * @throws PTRAP_E_NFT when nft refuses it
 */
export async function applyRules(
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: RulesetOptions,
): Promise<RuleSet> {
  const table = tableName(options.instance);
  await teardown.make(
    { kind: 'table', family: 'inet', name: table },
    () => nft.transaction(buildRuleset(targets, options)),
    () => nft.deleteTable('inet', table),
  );
  await tryTo('cgroups of senders are not noted', () =>
    nft.transaction(buildSenders(options.instance, chainsWithPorts(targets, options))),
  );
  const isPastSeen =
    options.delivery.to !== 'queues' &&
    (await tryTo('what packet sockets send is not seen', () =>
      addPacketSockets(nft, teardown, targets, options),
    ));
  const rules = await nft.rules('inet', table, CHAIN);
  const handles = new Map(rules.flatMap(({ comment, handle }) => (comment ? [[comment, handle]] : [])));

  async function addProbe(probe: ProbeAddress): Promise<() => Promise<void>> {
    await nft.transaction([buildProbeRule(options, probe)]);
    const [rule] = await nft.rules('inet', table, CHAIN); // inserted, not added: the first
    return async () => {
      await nft.transaction([`delete rule inet ${table} ${CHAIN} handle ${rule?.handle}`]);
    };
  }

  const readdress = (change: AddressChange): Promise<void> =>
    nft.transaction([
      ...changeAddressSets(`inet ${table}`, change),
      ...(isPastSeen ? changeAddressSets(`netdev ${packetSocketTable(options.instance)}`, change) : []),
    ]);

  return { table, handles, addProbe, readdress };
}

async function addPacketSockets(
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  options: RulesetOptions,
): Promise<void> {
  const name = packetSocketTable(options.instance);
  const devices = await hookableDevices();
  await teardown.attempt(() =>
    teardown.make(
      { kind: 'table', family: 'netdev', name },
      () => nft.transaction(buildPacketSockets(targets, devices, options)),
      () => nft.deleteTable('netdev', name),
    ),
  );
}

/** What an old kernel can go without; gives whether it came about. */
async function tryTo(otherwise: string, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof PtrapError)) throw error;
    traceLine(`${otherwise} (${error.message})`);
    return false;
  }
}
