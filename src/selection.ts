import { hasPorts } from './protocol.js';
import type { Network, PortRange, ResolvedTarget } from './target/target.js';

/** What decides how a packet is told apart from others of its connection. */
export type Kind = 'tcp' | 'ports' | 'icmp' | 'portless';

/** Packets of one address family and kind which go to a target; whatever selects packets is made from these. */
export interface Selection {
  family: Network['family'];
  kind: Kind;
  networks: readonly Network[] | 'any';
  /** As in ResolvedTarget: the networks may change. */
  set?: string;
  /** Names or decimal numbers. */
  protocols: readonly string[];
  /** All protocols but these. */
  but?: true;
  /** Absent: any port, or a kind that has none. */
  ports?: PortRange;
}

const PORTED = ['udp', 'dccp', 'sctp', 'udplite'];

/** The selections of a target, one for each family and kind that it can mean. */
export function selectionsOf(target: ResolvedTarget): Selection[] {
  return (['ipv4', 'ipv6'] as const).flatMap(family => {
    const { networks } = target;
    const own = networks === 'any' ? networks : networks.filter(network => network.family === family);
    const { set } = target;
    if (own.length === 0 && set === undefined) return [];
    return kindsOf(target, family).map(kind => ({
      family,
      networks: own,
      ...(set !== undefined && { set }),
      ...kind,
    }));
  });
}

type OfKind = Omit<Selection, 'family' | 'networks' | 'set'>;

function kindsOf({ protocols, ports }: ResolvedTarget, family: Network['family']): OfKind[] {
  const withPorts = ports && { ports };
  if (protocols === 'any') {
    const icmp = family === 'ipv4' ? 'icmp' : 'icmpv6';
    return [
      { kind: 'tcp', protocols: ['tcp'], ...withPorts },
      { kind: 'ports', protocols: PORTED, ...withPorts },
      ...(ports
        ? []
        : ([
            { kind: 'icmp', protocols: [icmp] },
            { kind: 'portless', protocols: ['tcp', ...PORTED, icmp], but: true },
          ] as const)),
    ];
  }
  return protocols
    .filter(protocol => protocol !== (family === 'ipv4' ? 'icmpv6' : 'icmp'))
    .map(protocol => {
      const kind = kindOf(protocol);
      return { kind, protocols: [protocol], ...(kind === 'tcp' || kind === 'ports' ? withPorts : {}) };
    });
}

function kindOf(protocol: string): Kind {
  if (protocol === 'tcp') return 'tcp';
  if (protocol === 'icmp' || protocol === 'icmpv6') return 'icmp';
  return hasPorts(protocol) ? 'ports' : 'portless';
}
