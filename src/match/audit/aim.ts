import ipaddr from 'ipaddr.js';
import { hasPorts } from '../../protocol.js';
import type { AddressChange } from '../../target/addresses.js';
import type { Network, ResolvedTarget } from '../../target/target.js';
import type { ProbeAddress } from '../proof.js';
import type { Destination } from './sockaddr.js';

/** Tells at which target a call is aimed. */
export interface Aim {
  /** Whether it may be one, with some protocol. */
  mayHit(destination: Destination): boolean;
  /** Which is hit first: the target's index, or `p` for the probe. */
  hit(destination: Destination, protocol: string): string | undefined;
  /** From now on a host name has other addresses. */
  readdress(change: AddressChange): void;
}

/** A network in bytes; bits of the last one that counts. */
interface Range {
  bytes: Buffer;
  whole: number;
  mask: number;
}

type Mark = Pick<ResolvedTarget, 'ports' | 'protocols' | 'set'> & {
  tag: string;
  ranges: readonly Range[] | 'any';
};

/** Aims at targets, and at the address of ptrap's own probe. */
export function openAim(targets: readonly ResolvedTarget[], probe: ProbeAddress): Aim {
  const marks: Mark[] = targets.map((target, index) => ({
    ...target,
    tag: String(index),
    ranges: rangesOf(target.networks),
  }));
  marks.unshift(markOf(probe));
  return {
    mayHit: destination => marks.some(mark => covers(mark, destination)),
    hit: (destination, protocol) =>
      marks.find(mark => speaks(mark, protocol) && covers(mark, destination))?.tag,
    readdress({ set, networks }) {
      for (const mark of marks) if (mark.set === set) mark.ranges = rangesOf(networks);
    },
  };
}

function markOf({ address, port }: ProbeAddress): Mark {
  const ranges = rangesOf([{ family: 'ipv4', address, prefix: 32 }]);
  return { tag: 'p', ranges, ports: { from: port, to: port }, protocols: ['udp'] };
}

function rangesOf(networks: readonly Network[] | 'any'): Mark['ranges'] {
  if (networks === 'any') return networks;
  return networks.map(({ address, prefix }) => ({
    bytes: Buffer.from(ipaddr.parse(address).toByteArray()),
    whole: prefix >> 3,
    mask: (0xff << (8 - (prefix & 7))) & 0xff,
  }));
}

/** The port of a protocol without ports is 0 or means something else: what asks for a port does not speak that. */
function covers({ ranges, ports }: Mark, { bytes, port }: Destination): boolean {
  if (ports && (port < ports.from || port > ports.to)) return false;
  return ranges === 'any' || ranges.some(range => isIn(range, bytes));
}

function isIn({ bytes: network, whole, mask }: Range, bytes: Buffer): boolean {
  if (network.length !== bytes.length) return false;
  for (let index = 0; index < whole; index += 1) if (network[index] !== bytes[index]) return false;
  return mask === 0 || (network[whole]! & mask) === (bytes[whole]! & mask);
}

function speaks({ ports, protocols }: Mark, protocol: string): boolean {
  if (ports && !hasPorts(protocol)) return false;
  return protocols === 'any' || protocols.includes(protocol);
}
