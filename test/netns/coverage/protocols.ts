import type { Case } from './case.js';

/** Perl for a UDP packet with its IP header. */
const UDP = (to: string) =>
  `(pack('CCnnnCCna4a4nnnn', 0x45, 0, 36, 0, 0, 64, 17, 0, inet_aton('10.77.0.1'), inet_aton('${to}'), 4321, 9, 16, 0) . 'x' x 8)`;
const SUSPECTS =
  'who holds packet sockets is listed: nothing ties such a packet to its own; --source queue does not see it';

const all: readonly Omit<Case, 'isAlone'>[] = [
  {
    name: 'ICMP echo from a ping socket',
    target: '10.77.0.21/icmp',
    prepare: `echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range`,
    sender: `my $s = opened(AF_INET, SOCK_DGRAM, 1); go; send $s, pack('CCnnn', 8, 0, 0, 0, 1), 0, v4('10.77.0.21', 0) or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'ICMPv6 echo from a ping socket',
    target: '[fd77::21]/icmpv6',
    sender: `my $s = opened(AF_INET6, SOCK_DGRAM, 58); go; send $s, pack('CCnnn', 128, 0, 0, 0, 1), 0, v6('fd77::21', 0) or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'ICMP echo from a raw socket',
    target: '10.77.0.22/icmp',
    sender: `my $s = opened(AF_INET, SOCK_RAW, 1); go; send $s, pack('CCnnn', 8, 0, 0xf7ff, 0, 0), 0, v4('10.77.0.22', 0) or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'The kernel’s answer to a ping',
    target: '10.77.0.2/icmp',
    sender: `go; qx(nsenter --net=/proc/$ENV{FAR}/ns/net ping -c1 -W1 10.77.0.1); named`,
    says: 'kernel',
  },
  {
    name: 'The kernel’s reset of a connection to a closed port',
    target: '10.77.0.2:1234/tcp',
    sender: `go; system 'nsenter', "--net=/proc/$ENV{FAR}/ns/net", $^X, '-MSocket', '-e', 'socket my $s, AF_INET, SOCK_STREAM, 0; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1; bind $s, pack_sockaddr_in(1234, INADDR_ANY) or die $!; connect $s, pack_sockaddr_in(9, inet_aton("10.77.0.1"))'; named`,
    says: 'kernel',
  },
  {
    name: 'A protocol by number, from a raw socket',
    target: '10.77.0.23/253',
    sender: `my $s = opened(AF_INET, SOCK_RAW, 253); go; send $s, 'x' x 8, 0, v4('10.77.0.23', 0) or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A raw socket for any protocol (IPPROTO_RAW)',
    target: '10.77.0.24/254',
    sender: `my $s = opened(AF_INET, SOCK_RAW, 255); go;
      send $s, pack('CCnnnCCna4a4', 0x45, 0, 28, 0, 0, 64, 254, 0, inet_aton('10.77.0.1'), inet_aton('10.77.0.24')) . 'x' x 8, 0, v4('10.77.0.24', 0) or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A forged UDP packet from a raw socket',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = opened(AF_INET, SOCK_RAW, 255); go;
      send $s, pack('CCnnnCCna4a4nnnn', 0x45, 0, 36, 0, 0, 64, 17, 0, inet_aton('10.77.0.1'), inet_aton('10.77.0.2'), 4321, $PORT, 16, 0) . 'x' x 8, 0, v4 or die $!; named`,
    says: 'cgroup',
    needs: '`bpf`, for the target `10.77.0.2/any`; `audit`',
  },
  {
    name: 'UDP-Lite',
    target: '10.77.0.2:PORT/udplite',
    sender: `my $s = opened(AF_INET, SOCK_DGRAM, 136); connect $s, v4; go; send $s, 'x', 0 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'ICMPv6 echo from a raw socket',
    target: '[fd77::22]/icmpv6',
    sender: `my $s = opened(AF_INET6, SOCK_RAW, 58); go; send $s, pack('CCnnn', 128, 0, 0, 0xf7ff, 0), 0, v6('fd77::22', 0) or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A protocol by number over IPv6, from a raw socket',
    target: '[fd77::23]/253',
    sender: `my $s = opened(AF_INET6, SOCK_RAW, 253); go; send $s, 'x' x 8, 0, v6('fd77::23', 0) or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'The kernel’s answer to a ping over IPv6',
    target: '[fd77::2]/icmpv6',
    sender: `go; qx(nsenter --net=/proc/$ENV{FAR}/ns/net ping -6 -c1 -W1 fd77::1); named`,
    says: 'kernel',
  },
  {
    name: 'Neighbour discovery',
    target: '[ff02::1:ff00:99]/icmpv6',
    sender: `my $s = udp6; go; send $s, 'x', 0, v6('fd77::99'); named`,
    says: 'kernel',
    remark: 'whatever it is for is named where it is sent to',
  },
  {
    name: 'IGMP: a socket joins a group',
    target: '224.0.0.22/igmp',
    sender: `my $s = udp; go; setsockopt $s, 0, 35, inet_aton('239.7.7.7') . inet_aton('10.77.0.1') or die $!; named`,
    says: 'kernel',
  },
  {
    name: 'A packet socket (packet(7), SOCK_DGRAM)',
    target: '10.77.0.25/udp',
    sender: `my $s = opened(17, SOCK_DGRAM); go; send $s, ${UDP('10.77.0.25')}, 0, wan or die $!; named $$`,
    says: 'ambiguous',
    remark: SUSPECTS,
  },
  {
    name: 'A packet socket (packet(7), SOCK_RAW)',
    target: '10.77.0.26/udp',
    sender: `my $s = opened(17, SOCK_RAW); go; send $s, "\\xff" x 6 . "\\x02" x 6 . "\\x08\\0" . ${UDP('10.77.0.26')}, 0, wan or die $!; named $$`,
    says: 'ambiguous',
    remark: SUSPECTS,
  },
  {
    name: 'A packet socket, beside another that only listens',
    target: '10.77.0.27/udp',
    sender: `my $c = child(sub { my $l = opened(17, SOCK_RAW, 0x0300); stay }); my $s = opened(17, SOCK_DGRAM); select undef, undef, undef, .2;
      go; send $s, ${UDP('10.77.0.27')}, 0, wan or die $!; named $$, $c`,
    says: 'ambiguous',
    remark: 'both are listed',
  },
  {
    name: 'A packet socket that is closed at once, beside another that only listens',
    target: '10.77.0.28/udp',
    sender: `my $c = child(sub { my $l = opened(17, SOCK_RAW, 0x0300); stay }); my $s = opened(17, SOCK_DGRAM); select undef, undef, undef, .2;
      go; send $s, ${UDP('10.77.0.28')}, 0, wan or die $!; close $s; select undef, undef, undef, .5; named $c, "?$$"`,
    says: 'ambiguous',
    remark: 'hence nobody is named, be there but one: it is the wrong one here',
  },
  {
    name: 'A packet socket that is closed at once',
    target: '10.77.0.29/udp',
    sender: `my $s = opened(17, SOCK_DGRAM); select undef, undef, undef, .3; go; send $s, ${UDP('10.77.0.29')}, 0, wan or die $!; close $s; named "?$$"`,
    says: 'uid',
    orSays: 'ambiguous',
  },
  {
    name: 'A packet socket that passes the queues by (PACKET_QDISC_BYPASS)',
    target: '10.77.0.30/udp',
    sender: `my $s = opened(17, SOCK_DGRAM); setsockopt $s, 263, 20, 1 or die $!; go; send $s, ${UDP('10.77.0.30')}, 0, wan or die $!; named $$`,
    says: 'ambiguous',
    remark: 'since Linux 5.17; what a device forwards by itself, and AF_XDP, pass every hook by',
  },
];

/** Protocols other than plain tcp and udp. A raw socket of one case could have sent the packet of another. */
export const protocols: readonly Case[] = all.map(one => ({ ...one, isAlone: true }));
