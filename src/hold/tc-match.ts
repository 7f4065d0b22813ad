import ipaddr from 'ipaddr.js';
import { protocolNumber } from '../protocol.js';
import { selectionsOf, type Selection } from '../selection.js';
import type { Network, ResolvedTarget } from '../target/target.js';

/** What a filter of tc matches: link-layer protocol, and an expression of its `basic` classifier (tc-ematch(8)). */
export interface TcMatch {
  protocol: 'ip' | 'ipv6';
  expression: string;
}

/** Where the headers have it: RFC 791, RFC 8200 (without extension headers), RFC 9293. */
const PROTOCOL = { ipv4: 'u8 at 9', ipv6: 'u8 at 6' };
const DESTINATION = { ipv4: 16, ipv6: 24 };
const DESTINATION_PORT = 'u16 at 2 layer transport';
const FIN_SYN_RST_ACK = 0x17;
const SYN = 2;

/** True where a packet has a socket, of whatever family: it was sent by a process of this machine, or by its kernel. */
const ANY_SOCKET = 'meta(sk_family gt 0)';
/** Later fragments have no ports where the first has them. */
const FIRST_FRAGMENT = 'cmp(u16 at 6 layer network mask 0x1fff eq 0)';

/** Matches for the packets that are to be held: of tcp the opening SYN, of other protocols every packet. */
export function tcMatches(targets: readonly ResolvedTarget[]): TcMatch[] {
  const matches = targets.flatMap(selectionsOf).flatMap(matchesOf);
  return [...new Map(matches.map(match => [`${match.protocol} ${match.expression}`, match])).values()];
}

function matchesOf(selection: Selection): TcMatch[] {
  const { family, kind, networks } = selection;
  const destinations = networks === 'any' ? [[]] : networks.map(destinationIn);
  const more = [
    ...(kind === 'tcp' ? [`cmp(u8 at 13 layer transport mask ${FIN_SYN_RST_ACK} eq ${SYN})`] : []),
    ...portsOf(selection),
    ...(family === 'ipv4' && (kind === 'tcp' || selection.ports) ? [FIRST_FRAGMENT] : []),
    ANY_SOCKET,
  ];
  return destinations.flatMap(destination =>
    protocolsOf(selection).map(protocol => ({
      protocol: family === 'ipv4' ? ('ip' as const) : ('ipv6' as const),
      expression: [...destination, ...protocol, ...more].join(' and '),
    })),
  );
}

/** Each a list of conditions that must all hold: one for every protocol, or one for all but these. */
function protocolsOf({ family, protocols, but }: Selection): string[][] {
  const conditions = protocols.map(
    protocol => `cmp(${PROTOCOL[family]} layer network eq ${protocolNumber(protocol)})`,
  );
  return but ? [conditions.map(condition => `not ${condition}`)] : conditions.map(condition => [condition]);
}

function portsOf({ ports }: Selection): string[] {
  if (!ports) return [];
  const { from, to } = ports;
  if (from === to) return [`cmp(${DESTINATION_PORT} eq ${from})`];
  return [
    ...(from > 0 ? [`cmp(${DESTINATION_PORT} gt ${from - 1})`] : []),
    `cmp(${DESTINATION_PORT} lt ${to + 1})`,
  ];
}

/** The destination's leading bits, 32 at a time. */
function destinationIn({ family, address, prefix }: Network): string[] {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  const conditions: string[] = [];
  for (let bit = 0; bit < prefix; bit += 32) {
    const mask = (0xffffffff << Math.max(0, bit + 32 - prefix)) >>> 0;
    const value = (bytes.readUInt32BE(bit / 8) & mask) >>> 0;
    conditions.push(`u32(u32 ${hex(value)} ${hex(mask)} at ${DESTINATION[family] + bit / 8})`);
  }
  return conditions;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
