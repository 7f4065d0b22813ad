import type { Selector } from '../nft/selector.js';
import type { Kind } from '../selection.js';

/** What tells one connection from another in a rule. */
export interface ConnectionKey {
  /** Names the sets that hold such keys. */
  name: string;
  /** The expression that selects packets which have this key; empty for all of a selector. */
  guard: string;
  /** nft's concatenation of the fields (nft(8)). */
  fields: string;
}

/** The keys of a selector's packets: an echo goes by its id, other ICMP by the addresses. */
export function connectionKeys({ family, kind }: Selector): ConnectionKey[] {
  if (kind !== 'icmp') return [keyOf(family, kind === 'tcp' ? 'ports' : kind)];
  const type = family === 'ipv4' ? 'icmp type' : 'icmpv6 type';
  const echo = '{ echo-request, echo-reply }';
  return [
    { ...keyOf(family, 'icmp'), guard: `${type} ${echo} ` },
    { ...keyOf(family, 'portless'), guard: `${type} != ${echo} ` },
  ];
}

/** The command for a set of such keys, each forgotten after a minute unless it is put in for less. */
export function keySet(table: string, name: string, { fields }: ConnectionKey): string {
  return `add set ${table} ${name} { typeof ${fields}; size 262144; flags dynamic,timeout; timeout 1m; }`;
}

function keyOf(family: Selector['family'], by: Exclude<Kind, 'tcp'>): ConnectionKey {
  const ip = family === 'ipv4' ? 'ip' : 'ip6';
  const fields = {
    ports: `${ip} saddr . th sport . ${ip} daddr . th dport . meta l4proto`,
    icmp: `${ip} saddr . ${ip} daddr . ${family === 'ipv4' ? 'icmp' : 'icmpv6'} id`,
    portless: `${ip} saddr . ${ip} daddr . meta l4proto`,
  };
  return { name: `${family}_${by}`, guard: '', fields: fields[by] };
}
