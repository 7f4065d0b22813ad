import type { ResolvedTarget } from '../target/target.js';
import { LOGGED, MATCHED, rulesOf, tableFor, targetChains } from './chains.js';
import { PROBE_TAG } from '../nft/tag.js';
import { deliver, type Delivery } from './delivery.js';

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
  const entries = options.forwarded ? [CHAIN, FORWARD] : [CHAIN];
  return [
    ...tableFor(table, chains, targets, options),
    // priority mangle: before DNAT, when the packet still shows what the socket dialled
    `add chain ${table} ${CHAIN} { type filter hook output priority mangle; }`,
    ...(options.forwarded
      ? [`add chain ${table} ${FORWARD} { type filter hook forward priority mangle; }`]
      : []),
    ...chains.flatMap(chain => rulesOf(table, chain, options, { entries, tag: chain.index })),
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
