import { protocolNumber } from '../protocol.js';
import { selectionsOf, type Kind, type Selection } from '../selection.js';
import type { ResolvedTarget } from '../target/target.js';
import { addressSet } from './address-set.js';

/** One nft expression (nft(8)) that selects packets of one address family and kind which go to a target. */
export interface Selector {
  family: 'ipv4' | 'ipv6';
  kind: Kind;
  /** Valid in inet and netdev tables. */
  expression: string;
}

const SYN_ONLY = 'tcp flags & (fin|syn|rst|ack) == syn';

/** The selectors of a target, one for each family and kind that it can mean; `synOnly` narrows tcp to opening SYNs. */
export function selectorsOf(target: ResolvedTarget, synOnly: boolean): Selector[] {
  return selectionsOf(target).map(selection => ({
    family: selection.family,
    kind: selection.kind,
    expression: [
      destinationOf(selection),
      protocolOf(selection),
      portsOf(selection),
      selection.kind === 'tcp' && synOnly && SYN_ONLY,
    ]
      .filter(Boolean)
      .join(' '),
  }));
}

function destinationOf({ family, networks, set }: Selection): string {
  if (set !== undefined) return `${family === 'ipv4' ? 'ip' : 'ip6'} daddr @${addressSet(set, family)}`;
  // `meta protocol` works in inet and in netdev tables, `meta nfproto` in the former only
  if (networks === 'any') return family === 'ipv4' ? 'meta protocol ip' : 'meta protocol ip6';
  const blocks = networks.map(({ address, prefix }) =>
    prefix === (family === 'ipv4' ? 32 : 128) ? address : `${address}/${prefix}`,
  );
  return `${family === 'ipv4' ? 'ip' : 'ip6'} daddr ${anyOf(blocks)}`;
}

function anyOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `{ ${values.join(', ')} }`;
}

function protocolOf({ protocols, but }: Selection): string {
  return `meta l4proto ${but ? '!= ' : ''}${anyOf(protocols.map(nftName))}`;
}

/** nft knows these names by itself; for others it needs /etc/protocols, which small images lack. */
const NFT_NAMES = new Set(['tcp', 'udp', 'udplite', 'esp', 'ah', 'icmp', 'icmpv6', 'dccp', 'sctp']);

function nftName(protocol: string): string {
  return NFT_NAMES.has(protocol) ? protocol : String(protocolNumber(protocol));
}

function portsOf({ ports }: Selection): string | undefined {
  if (!ports) return undefined;
  return `th dport ${ports.from === ports.to ? ports.from : `${ports.from}-${ports.to}`}`;
}
