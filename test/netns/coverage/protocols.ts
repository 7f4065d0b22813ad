import type { Case } from './case.js';

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
  },
  {
    name: 'UDP-Lite',
    target: '10.77.0.2:PORT/udplite',
    sender: `my $s = opened(AF_INET, SOCK_DGRAM, 136); connect $s, v4; go; send $s, 'x', 0 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'A packet socket (AF_PACKET)',
    target: '10.77.0.25/udp',
    sender: `my $s = opened(17, SOCK_DGRAM, 0); open my $i, '<', '/proc/self/net/dev'; my ($index) = map { /^\\s*(\\d+): wan/ } qx(ip -o link show wan);
      go; send $s, pack('CCnnnCCna4a4nnnn', 0x45, 0, 36, 0, 0, 64, 17, 0, inet_aton('10.77.0.1'), inet_aton('10.77.0.25'), 4321, 9, 16, 0) . 'x' x 8, 0, pack('Snlx4a8', 17, 0x0800, $index, "\\xff" x 6) or die $!; named`,
    says: 'not seen',
    remark: 'it passes no output hook of the firewall',
  },
];

/** Protocols other than plain tcp and udp. A raw socket of one case could have sent the packet of another. */
export const protocols: readonly Case[] = all.map(one => ({ ...one, isAlone: true }));
