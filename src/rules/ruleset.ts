import { makeAddressSets } from '../nft/address-set.js';
import { selectorsOf, type Selector } from '../nft/selector.js';
import type { ResolvedTarget } from '../target/target.js';
import { connectionKeys, keySet } from './connection.js';
import { deliver, PROBE_TAG, type Delivery } from './delivery.js';
import { queueRules, queueSets } from './queueing.js';

/** Named counter of all packets that matched a target; of those that are queued, where packets are. */
export const MATCHED = 'matched';
/** Named counter of the packets that were brought to the source: those under the limit. */
export const LOGGED = 'logged';
/** The base chain, in output. */
export const CHAIN = 'out';

/** The other one, in forward. */
const FORWARD = 'through';

/** What the ruleset depends on beside the targets. */
export interface RulesetOptions {
  /** Instance id. */
  instance: string;
  /** Where matching packets are brought. */
  delivery: Delivery;
  /** Of tcp only the opening SYN; of what is queued it is never more. */
  newConnections: boolean;
  /** Also packets that are forwarded. */
  forwarded: boolean;
  /** Most packets a minute that are logged of one connection; undefined: no limit in the kernel. It does not concern queues. */
  limit: number | undefined;
}

/** Name of the instance's tables. */
export function tableName(instance: string): string {
  return `ptrap_${instance}`;
}

/**
 * The commands, one transaction, that bring packets to the targets to the source, from this instance's own inet
 * table. A packet that several targets select counts for the first of them.
 */
export function buildRuleset(targets: readonly ResolvedTarget[], options: RulesetOptions): string[] {
  const table = `inet ${tableName(options.instance)}`;
  const chains = targetChains(targets, options);
  const sets = chains.flatMap(({ selector }) => setsFor(table, selector, options));
  return [
    `add table ${table} { flags owner; }`,
    `add counter ${table} ${MATCHED}`,
    `add counter ${table} ${LOGGED}`,
    ...new Set(sets),
    ...makeAddressSets(table, targets),
    // priority mangle: before DNAT, when the packet still shows what the socket dialled
    `add chain ${table} ${CHAIN} { type filter hook output priority mangle; }`,
    ...(options.forwarded
      ? [`add chain ${table} ${FORWARD} { type filter hook forward priority mangle; }`]
      : []),
    ...chains.flatMap(chain => rulesOf(table, chain, options)),
  ];
}

/** The chains of packets that come from a port. */
export function chainsWithPorts(targets: readonly ResolvedTarget[], options: RulesetOptions): string[] {
  return targetChains(targets, options)
    .filter(({ selector }) => ['tcp', 'ports'].includes(selector.kind))
    .map(({ chain }) => chain);
}

/** Where probe packets go from and to: an address in 127.0.0.0/8 and a UDP port, both held by our own socket. */
export interface ProbeAddress {
  address: string;
  port: number | string;
}

/** The command that delivers the probe packets, ahead of all targets, so that they count as nobody's. */
export function buildProbeRule(
  { instance, delivery }: Pick<RulesetOptions, 'instance' | 'delivery'>,
  { address, port }: ProbeAddress,
): string {
  return [
    `insert rule inet ${tableName(instance)} ${CHAIN} ip saddr ${address} ip daddr ${address}`,
    `udp sport ${port} udp dport ${port} counter name ${MATCHED} counter name ${LOGGED}`,
    // a queue is a verdict as well
    `${deliver(delivery, instance, PROBE_TAG)}${delivery.to === 'queues' ? '' : ' accept'} comment "probe"`,
  ].join(' ');
}

function setsFor(table: string, selector: Selector, { delivery, limit }: RulesetOptions): string[] {
  if (delivery.to === 'queues') return queueSets(table, selector);
  if (limit === undefined) return [];
  return connectionKeys(selector).map(key => keySet(table, `meter_${key.name}`, key));
}

/** A chain for each selector of each target. */
interface TargetChain {
  chain: string;
  index: number;
  selector: Selector;
}

function targetChains(
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

function rulesOf(table: string, { chain, index, selector }: TargetChain, options: RulesetOptions): string[] {
  const { delivery, instance, limit } = options;
  const matched = `counter name ${MATCHED}`;
  const logged = `counter name ${LOGGED} ${deliver(delivery, instance, index)}`;
  const [first, rules] =
    delivery.to === 'queues'
      ? ['', queueRules(selector, delivery.delayMs, `${matched} ${logged}`)]
      : [` ${matched}`, logRules(selector, limit, logged)];
  const entries = options.forwarded ? [CHAIN, FORWARD] : [CHAIN];
  return [
    `add chain ${table} ${chain}`,
    ...entries.map(
      entry =>
        `add rule ${table} ${entry} ${selector.expression}${first} goto ${chain} comment "target ${index}"`,
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
