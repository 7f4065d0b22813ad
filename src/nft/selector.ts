import { hasPorts, protocolNumber } from '../protocol.js';
import type { Network, ResolvedTarget } from '../target/target.js';

/** What decides how a packet is told apart from others of its connection. */
export type Kind = 'tcp' | 'ports' | 'icmp' | 'portless';

/** One nft expression (nft(8)) that selects packets of one address family and kind which go to a target. */
export interface Selector {
  family: 'ipv4' | 'ipv6';
  kind: Kind;
  /** Valid in inet and netdev tables. */
  expression: string;
}

const SYN_ONLY = 'tcp flags & (fin|syn|rst|ack) == syn';
const PORTED = ['udp', 'dccp', 'sctp', 'udplite'];

/** The selectors of a target, one for each family and kind that it can mean; `synOnly` narrows tcp to opening SYNs. */
export function selectorsOf(target: ResolvedTarget, synOnly: boolean): Selector[] {
  return (['ipv4', 'ipv6'] as const).flatMap(family => {
    const destination = destinationIn(family, target.networks);
    if (destination === undefined) return [];
    return kindsOf(target, family).map(({ kind, protocol }) => ({
      family,
      kind,
      expression: [destination, protocol, portsOf(target, kind), kind === 'tcp' && synOnly && SYN_ONLY]
        .filter(Boolean)
        .join(' '),
    }));
  });
}

function destinationIn(family: Network['family'], networks: ResolvedTarget['networks']): string | undefined {
  // `meta protocol` works in inet and in netdev tables, `meta nfproto` in the former only
  if (networks === 'any') return family === 'ipv4' ? 'meta protocol ip' : 'meta protocol ip6';
  const blocks = networks
    .filter(network => network.family === family)
    .map(({ address, prefix }) =>
      prefix === (family === 'ipv4' ? 32 : 128) ? address : `${address}/${prefix}`,
    );
  if (blocks.length === 0) return undefined;
  return `${family === 'ipv4' ? 'ip' : 'ip6'} daddr ${anyOf(blocks)}`;
}

function anyOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `{ ${values.join(', ')} }`;
}

function kindsOf(
  { protocols, ports }: ResolvedTarget,
  family: Network['family'],
): { kind: Kind; protocol: string }[] {
  if (protocols === 'any') {
    const icmp = family === 'ipv4' ? 'icmp' : 'icmpv6';
    return [
      { kind: 'tcp', protocol: 'meta l4proto tcp' },
      { kind: 'ports', protocol: `meta l4proto ${anyOf(PORTED)}` },
      ...(ports
        ? []
        : ([
            { kind: 'icmp', protocol: `meta l4proto ${icmp}` },
            { kind: 'portless', protocol: `meta l4proto != ${anyOf(['tcp', ...PORTED, icmp])}` },
          ] as const)),
    ];
  }
  return protocols
    .filter(protocol => protocol !== (family === 'ipv4' ? 'icmpv6' : 'icmp'))
    .map(protocol => ({ kind: kindOf(protocol), protocol: `meta l4proto ${nftName(protocol)}` }));
}

/** nft knows these names by itself; for others it needs /etc/protocols, which small images lack. */
const NFT_NAMES = new Set(['tcp', 'udp', 'udplite', 'esp', 'ah', 'icmp', 'icmpv6', 'dccp', 'sctp']);

function nftName(protocol: string): string {
  return NFT_NAMES.has(protocol) ? protocol : String(protocolNumber(protocol));
}

function kindOf(protocol: string): Kind {
  if (protocol === 'tcp') return 'tcp';
  if (protocol === 'icmp' || protocol === 'icmpv6') return 'icmp';
  return hasPorts(protocol) ? 'ports' : 'portless';
}

function portsOf({ ports }: ResolvedTarget, kind: Kind): string | undefined {
  if (!ports || kind === 'icmp' || kind === 'portless') return undefined;
  return `th dport ${ports.from === ports.to ? ports.from : `${ports.from}-${ports.to}`}`;
}
