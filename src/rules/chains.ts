import { makeAddressSets } from '../nft/address-set.js';
import { selectorsOf, type Selector } from '../nft/selector.js';
import type { ResolvedTarget } from '../target/target.js';
import { connectionKeys, keySet } from './connection.js';
import type { Tag } from '../nft/tag.js';
import { deliver } from './delivery.js';
import { queueRules, queueSets } from './queueing.js';
import type { RulesetOptions } from './ruleset.js';

/** Named counter of all packets that matched a target; of those that are queued, where packets are. */
export const MATCHED = 'matched';
/** Named counter of the packets that were brought to the source: those under the limit. */
export const LOGGED = 'logged';

/** The commands for a table of this instance's own with the counters and sets that the rules of its chains need. */
export function tableFor(
  table: string,
  chains: readonly TargetChain[],
  targets: readonly ResolvedTarget[],
  options: RulesetOptions,
): string[] {
  const sets = chains.flatMap(({ selector }) => setsFor(table, selector, options));
  return [
    `add table ${table} { flags owner; }`,
    `add counter ${table} ${MATCHED}`,
    `add counter ${table} ${LOGGED}`,
    ...new Set(sets),
    ...makeAddressSets(table, targets),
  ];
}

function setsFor(table: string, selector: Selector, { delivery, limit }: RulesetOptions): string[] {
  if (delivery.to === 'queues') return queueSets(table, selector);
  if (limit === undefined) return [];
  return connectionKeys(selector).map(key => keySet(table, `meter_${key.name}`, key));
}

/** A chain for each selector of each target. */
export interface TargetChain {
  chain: string;
  index: number;
  selector: Selector;
}

/** The chains of some targets. */
export function targetChains(
  targets: readonly ResolvedTarget[],
  { newConnections, delivery }: RulesetOptions,
): TargetChain[] {
  return targets.flatMap((target, index) =>
    selectorsOf(target, newConnections || delivery.to === 'queues').map(selector => ({
      chain: `log_${index}_${selector.family}_${selector.kind}`,
      index,
      selector,
    })),
  );
}

/** Where the rules of a chain are entered, and how. */
export interface Entry {
  /** Chains that lead there. */
  entries: readonly string[];
  /** Marks what they bring. */
  tag: Tag;
  /** What a packet must be beside what the target says. */
  guard?: string;
}

/** The commands for a chain, and for the rules that lead there. */
export function rulesOf(
  table: string,
  { chain, index, selector }: TargetChain,
  options: RulesetOptions,
  { entries, tag, guard = '' }: Entry,
): string[] {
  const { delivery, instance, limit } = options;
  const matched = `counter name ${MATCHED}`;
  const logged = `counter name ${LOGGED} ${deliver(delivery, instance, tag)}`;
  const [first, rules] =
    delivery.to === 'queues'
      ? ['', queueRules(selector, delivery.delayMs, `${matched} ${logged}`)]
      : [` ${matched}`, logRules(selector, limit, logged)];
  return [
    `add chain ${table} ${chain}`,
    ...entries.map(
      entry =>
        `add rule ${table} ${entry} ${selector.expression}${guard}${first} goto ${chain} comment "target ${index}"`,
    ),
    ...rules.map(rule => `add rule ${table} ${chain} ${rule}`),
  ];
}

/** Log while the connection is under its limit; what a full set cannot count is logged all the same. */
function logRules(selector: Selector, limit: number | undefined, log: string): string[] {
  if (limit === undefined) return [log];
  return connectionKeys(selector).flatMap(({ name, guard, fields }) => [
    `${guard}update @meter_${name} { ${fields} limit rate ${limit}/minute burst ${limit} packets } ${log}`,
    `${guard}${fields} != @meter_${name} ${log}`,
  ]);
}
