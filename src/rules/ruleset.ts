import { selectorsOf, type Kind, type Selector } from '../nft/selector.js';
import type { ResolvedTarget } from '../target/target.js';

/** Named counter of all packets that matched a target. */
export const MATCHED = 'matched';
/** Named counter of the packets that were logged: those under the limit. */
export const LOGGED = 'logged';
/** The base chain, in output. */
export const CHAIN = 'out';
/** What the LOG prefix of a probe packet has in place of a target's number. */
export const PROBE = 'p';

/** What the ruleset depends on beside the targets. */
export interface RulesetOptions {
  /** Instance id. */
  instance: string;
  /** Log only the opening SYN of tcp. */
  newConnections: boolean;
  /** Most log lines a minute for one connection; undefined: no limit in the kernel. */
  limit: number | undefined;
}

/** Name of the instance's tables. */
export function tableName(instance: string): string {
  return `ptrap_${instance}`;
}

/**
 * What every LOG line of this instance begins with; `tag` is the target's index, or `p` for a probe.
 * @see xt_LOG(8): at most 127 characters
 */
export function logPrefix(instance: string, tag: number | string): string {
  return `ptrap-${instance}-${tag}: `;
}

/**
 * The commands, one transaction, that log packets to the targets from this instance's own inet table. A packet that
 * several targets select is logged for the first of them.
 */
export function buildRuleset(targets: readonly ResolvedTarget[], options: RulesetOptions): string[] {
  const table = `inet ${tableName(options.instance)}`;
  const logs = targets.map((target, index) => ({
    index,
    selectors: selectorsOf(target, options.newConnections),
  }));
  const all = logs.flatMap(({ selectors }) => selectors);
  const meters = options.limit === undefined ? [] : metersFor(all);
  return [
    `add table ${table} { flags owner; }`,
    `add counter ${table} ${MATCHED}`,
    `add counter ${table} ${LOGGED}`,
    ...meters.map(
      ({ name, key }) =>
        `add set ${table} ${name} { typeof ${key}; size 65535; flags dynamic,timeout; timeout 1m; }`,
    ),
    // priority mangle: before DNAT, when the packet still shows what the socket dialled
    `add chain ${table} ${CHAIN} { type filter hook output priority mangle; }`,
    ...logs.flatMap(({ index, selectors }) =>
      selectors.flatMap(selector => logChain(table, index, selector, options)),
    ),
  ];
}

/** Where probe packets go from and to: an address in 127.0.0.0/8 and a UDP port, both held by our own socket. */
export interface ProbeAddress {
  address: string;
  port: number | string;
}

/** The command that logs the probe packets, ahead of all targets, so that they count as nobody's. */
export function buildProbeRule(instance: string, { address, port }: ProbeAddress): string {
  return [
    `insert rule inet ${tableName(instance)} ${CHAIN} ip saddr ${address} ip daddr ${address}`,
    `udp sport ${port} udp dport ${port} counter name ${MATCHED} counter name ${LOGGED}`,
    `log prefix "${logPrefix(instance, PROBE)}" level debug flags skuid accept comment "probe"`,
  ].join(' ');
}

function logChain(table: string, index: number, selector: Selector, options: RulesetOptions): string[] {
  const chain = `log_${index}_${selector.family}_${selector.kind}`;
  const log = `counter name ${LOGGED} log prefix "${logPrefix(options.instance, index)}" level debug flags skuid`;
  return [
    `add chain ${table} ${chain}`,
    `add rule ${table} ${CHAIN} ${selector.expression} counter name ${MATCHED} goto ${chain} comment "target ${index}"`,
    ...limitsOf(selector, options.limit).map(limit => `add rule ${table} ${chain} ${limit}${log}`),
  ];
}

/** One of these statements matches each packet of the selector while its connection is under the limit. */
function limitsOf({ family, kind }: Selector, limit: number | undefined): string[] {
  if (limit === undefined) return [''];
  const rate = `limit rate ${limit}/minute burst ${limit} packets`;
  const update = (meter: Meter) => `update @${meter.name} { ${meter.key} ${rate} } `;
  if (kind !== 'icmp') return [update(meterOf(family, kind))];
  const [type, echo] = [family === 'ipv4' ? 'icmp type' : 'icmpv6 type', '{ echo-request, echo-reply }'];
  return [
    `${type} ${echo} ${update(meterOf(family, 'icmp'))}`,
    `${type} != ${echo} ${update(meterOf(family, 'portless'))}`,
  ];
}

interface Meter {
  name: string;
  /** What tells one connection from another. */
  key: string;
}

function meterOf(family: Selector['family'], kind: Kind): Meter {
  const ip = family === 'ipv4' ? 'ip' : 'ip6';
  const keys = {
    ports: `${ip} saddr . th sport . ${ip} daddr . th dport . meta l4proto`,
    icmp: `${ip} saddr . ${ip} daddr . ${family === 'ipv4' ? 'icmp' : 'icmpv6'} id`,
    portless: `${ip} saddr . ${ip} daddr . meta l4proto`,
  };
  const by = kind === 'tcp' ? 'ports' : kind;
  return { name: `meter_${family}_${by}`, key: keys[by] };
}

function metersFor(selectors: readonly Selector[]): Meter[] {
  const wanted = selectors.flatMap(({ family, kind }) =>
    kind === 'icmp' ? [meterOf(family, kind), meterOf(family, 'portless')] : [meterOf(family, kind)],
  );
  return [...new Map(wanted.map(meter => [meter.name, meter])).values()];
}
