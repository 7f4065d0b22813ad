import { PtrapError } from '../errors.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { counterReader } from '../netlink/nft-counter.js';
import { openNetlink } from '../netlink/socket.js';
import { changeAddressSets } from '../nft/address-set.js';
import type { NftSession } from '../nft/session.js';
import { traceLine } from '../sys/exec.js';
import type { AddressChange } from '../target/addresses.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import {
  buildProbeRule,
  buildRuleset,
  CHAIN,
  chainsWithPorts,
  LOGGED,
  MATCHED,
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
  const table = tableName(instance);
  return {
    matched: counterReader(netlink, table, MATCHED),
    logged: counterReader(netlink, table, LOGGED),
  };
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
  await noteSenders(nft, buildSenders(options.instance, chainsWithPorts(targets, options)));
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
    nft.transaction(changeAddressSets(`inet ${table}`, change));

  return { table, handles, addProbe, readdress };
}

/** An old kernel can go without: then the cgroup of who has ended is not known. */
async function noteSenders(nft: NftSession, commands: readonly string[]): Promise<void> {
  try {
    await nft.transaction(commands);
  } catch (error) {
    if (!(error instanceof PtrapError)) throw error;
    traceLine(`cgroups of senders are not noted (${error.message})`);
  }
}
