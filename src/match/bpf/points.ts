import type { Selection } from '../../selection.js';

/** A function of the kernel which every call that sends gets into, in the sender's own context. */
export interface Point {
  name: string;
  family: Selection['family'];
  /** What a call of it is. */
  kind: 'connect' | 'tcp' | 'udp' | 'ping' | 'raw';
  /** What it calls the size of a message; absent where there is none. Its first parameter is `sk`, of a message the second is `msg`. */
  size?: 'len' | 'size';
  /** Whether it tells of packets of a selection. */
  serves(selection: Selection): boolean;
}

const tcp = ({ protocols, but }: Selection): boolean => !but && protocols.includes('tcp');
const udp = ({ protocols, but }: Selection): boolean =>
  !but && protocols.some(protocol => protocol === 'udp' || protocol === 'udplite');
const icmp = ({ kind }: Selection): boolean => kind === 'icmp';
/** Their port, if any, is in what the program has written itself. */
const raw = ({ ports }: Selection): boolean => ports === undefined;
const ipv4 =
  (serves: Point['serves']): Point['serves'] =>
  selection =>
    selection.family === 'ipv4' && serves(selection);
const ipv6 =
  (serves: Point['serves']): Point['serves'] =>
  selection =>
    selection.family === 'ipv6' && serves(selection);

/**
 * Those that are looked at (net/ipv4 and net/ipv6). IPv4 over an AF_INET6 socket gets through those of both families:
 * there it counts as IPv4's. tcp_sendmsg_locked is there for connections that are older than ptrap.
 */
export const points: readonly Point[] = [
  { name: 'tcp_v4_connect', family: 'ipv4', kind: 'connect', serves: ipv4(tcp) },
  { name: 'tcp_v6_connect', family: 'ipv6', kind: 'connect', serves: ipv6(tcp) },
  { name: 'tcp_sendmsg_locked', family: 'ipv4', kind: 'tcp', size: 'size', serves: tcp },
  { name: 'udp_sendmsg', family: 'ipv4', kind: 'udp', size: 'len', serves: ipv4(udp) },
  { name: 'udpv6_sendmsg', family: 'ipv6', kind: 'udp', size: 'len', serves: ipv6(udp) },
  { name: 'ping_v4_sendmsg', family: 'ipv4', kind: 'ping', size: 'len', serves: ipv4(icmp) },
  { name: 'ping_v6_sendmsg', family: 'ipv6', kind: 'ping', size: 'len', serves: ipv6(icmp) },
  { name: 'raw_sendmsg', family: 'ipv4', kind: 'raw', size: 'len', serves: ipv4(raw) },
  { name: 'rawv6_sendmsg', family: 'ipv6', kind: 'raw', size: 'len', serves: ipv6(raw) },
];
