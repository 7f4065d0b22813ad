import type { Selection } from '../../selection.js';

/** What calls a function of the kernel that sends is. */
type Kind = 'connect' | 'tcp' | 'udp' | 'ping' | 'raw';

/** A function of the kernel which every call that sends gets into, in the sender's own context. */
export interface Point {
  /** Its first parameter is the socket; of those that send a message, the second is that. */
  function: string;
  family: Selection['family'];
  kind: Kind;
  /** Whether it tells of packets of a selection. */
  serves(selection: Selection): boolean;
}

const tcp = ({ protocols, but }: Selection): boolean => !but && protocols.includes('tcp');
const udp = ({ protocols, but }: Selection): boolean =>
  !but && protocols.some(protocol => protocol === 'udp' || protocol === 'udplite');
const icmp = ({ kind }: Selection): boolean => kind === 'icmp';
/** Their port, if any, is in what the program has written itself. */
const raw = ({ ports }: Selection): boolean => ports === undefined;

/**
 * Those that are looked at (net/ipv4 and net/ipv6). IPv4 over an AF_INET6 socket gets through those of both families:
 * there it counts as IPv4's. tcp_sendmsg_locked is there for connections that are older than ptrap.
 */
export const points: readonly Point[] = [
  { function: 'tcp_v4_connect', family: 'ipv4', kind: 'connect', serves: tcp },
  { function: 'tcp_v6_connect', family: 'ipv6', kind: 'connect', serves: tcp },
  { function: 'tcp_sendmsg_locked', family: 'ipv4', kind: 'tcp', serves: tcp },
  { function: 'tcp_sendmsg_locked', family: 'ipv6', kind: 'tcp', serves: tcp },
  { function: 'udp_sendmsg', family: 'ipv4', kind: 'udp', serves: udp },
  { function: 'udpv6_sendmsg', family: 'ipv6', kind: 'udp', serves: udp },
  { function: 'ping_v4_sendmsg', family: 'ipv4', kind: 'ping', serves: icmp },
  { function: 'ping_v6_sendmsg', family: 'ipv6', kind: 'ping', serves: icmp },
  { function: 'raw_sendmsg', family: 'ipv4', kind: 'raw', serves: raw },
  { function: 'rawv6_sendmsg', family: 'ipv6', kind: 'raw', serves: raw },
];
