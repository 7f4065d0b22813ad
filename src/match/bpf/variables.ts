import { endianness } from 'node:os';

/**
 * Pieces of programs that read the kernel's structures into the variables of a call: `$inet` is 4 or 6, `$s0` to `$s3`
 * and `$d0` to `$d3` are the words of its addresses as they lie in memory (of IPv4 the first), `$port` is in network order.
 */

const LITTLE = endianness() === 'LE';
const WORDS = [0, 1, 2, 3] as const;
const COMMON = '$sk->__sk_common';

/** linux/socket.h; and a family that there is none of. */
const [AF_INET, AF_INET6, NONE] = [2, 10, 255];

/** What ::ffff:0:0/96, in which an AF_INET6 socket has IPv4 addresses, has in its third word. */
const MAPPED = LITTLE ? '0xffff0000' : '0xffff';

/** Who the socket is connected to. */
export const CONNECTED = [
  ...WORDS.map(n => `$c${n} = ${COMMON}.skc_v6_daddr.in6_u.u6_addr32[${n}];`),
  `$inet = 6;`,
  `if (${COMMON}.skc_family == ${AF_INET} || ($c0 == 0 && $c1 == 0 && $c2 == ${MAPPED})) { $inet = 4; }`,
  ...WORDS.map(n => `$d${n} = $c${n};`),
  `if ($inet == 4) { $d0 = ${COMMON}.skc_daddr; $d1 = 0; $d2 = 0; $d3 = 0; }`,
  `$port = ${COMMON}.skc_dport;`,
];

/**
 * The address at `$to`, if that is not 0, in the place of what the socket is connected to.
 * @param read gives the expression for a number of so many bits that lies so many bytes after `$to`
 */
export function named(read: (bits: 16 | 32, offset: number) => string): string[] {
  return [
    `$named = ${NONE};`,
    `if ($to != 0) { $named = ${read(16, 0)}; }`,
    // AF_UNSPEC counts as AF_INET (net/ipv4/udp.c)
    `if ($named == ${AF_INET} || $named == 0) {`,
    `  $inet = 4; $port = ${read(16, 2)}; $d0 = ${read(32, 4)}; $d1 = 0; $d2 = 0; $d3 = 0;`,
    '}',
    `if ($named == ${AF_INET6}) {`,
    `  $inet = 6; $port = ${read(16, 2)};`,
    `  ${WORDS.map(n => `$d${n} = ${read(32, 8 + 4 * n)};`).join(' ')}`,
    `  if ($d0 == 0 && $d1 == 0 && $d2 == ${MAPPED}) { $inet = 4; $d0 = $d3; $d2 = 0; $d3 = 0; }`,
    '}',
  ];
}

/** The socket's own address, once `$inet` is known. */
export const SOURCE = [
  ...WORDS.map(n => `$s${n} = ${COMMON}.skc_v6_rcv_saddr.in6_u.u6_addr32[${n}];`),
  `if ($inet == 4) { $s0 = ${COMMON}.skc_rcv_saddr; $s1 = 0; $s2 = 0; $s3 = 0; }`,
];

/** `$dport`, in host order. */
export const DPORT = LITTLE ? '$dport = ($port >> 8) | (($port & 0xff) << 8);' : '$dport = $port;';

/** Leaves the probe where the socket is in another network namespace than this, by its inode. */
export function isElsewhere(netns: number): string {
  return `${COMMON}.skc_net.net->ns.inum != ${netns}`;
}
