import type { Case } from './case.js';

/** Ways through the network. */
export const network: readonly Case[] = [
  {
    name: 'Loopback',
    target: '127.0.0.1:PORT/udp',
    sender: `my $s = udp; go; send $s, 'x', 0, v4('127.0.0.1'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'Loopback over IPv6',
    target: '[::1]:PORT/udp',
    sender: `my $s = udp6; go; send $s, 'x', 0, v6('::1'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'To an address of this machine’s own',
    target: '10.77.0.1:PORT/udp',
    sender: `my $s = udp; go; send $s, 'x', 0, v4('10.77.0.1'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'DNAT: the address that was dialled',
    target: '10.88.0.1:PORT/udp',
    prepare: `ip route add 10.88.0.0/24 via 10.77.0.2
      nft 'table ip nat { chain out { type nat hook output priority -100; ip daddr 10.88.0.1 dnat to 10.77.0.2; }; chain post { type nat hook postrouting priority 100; ip daddr 10.77.0.2 udp dport 20000-29999 ip saddr 10.77.0.8 snat to 10.77.0.1; }; }'`,
    sender: `my $s = udp; connect $s, v4('10.88.0.1'); go; send $s, 'x', 0; named $$`,
    says: 'exact',
    remark: 'what it is translated to is not matched',
  },
  {
    name: 'SNAT',
    target: '10.77.0.2:PORT/udp',
    prepare: 'ip addr add 10.77.0.8/24 dev wan',
    sender: `my $s = udp; bind $s, v4('10.77.0.8', 0) or die $!; connect $s, v4; go; send $s, 'x', 0; named $$`,
    says: 'exact',
    remark: 'the source is what it was before the translation',
  },
  {
    name: 'Policy routing, by a second table and another device',
    target: '10.99.1.2:PORT/udp',
    prepare: `ip link add dummy1 type veth peer name dummy2; ip addr add 10.99.1.1/24 dev dummy1; ip link set dummy1 up; ip link set dummy2 up
      ip route add 10.99.1.2 dev dummy1 table 77; ip rule add to 10.99.1.2 table 77; ip neigh add 10.99.1.2 lladdr 02:00:00:00:00:02 dev dummy1`,
    sender: `my $s = udp; go; send $s, 'x', 0, v4('10.99.1.2'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'Two routes of equal cost',
    target: '10.99.2.2:PORT/udp',
    prepare: `ip link add eq1 type veth peer name eq2; ip link set eq1 up; ip link set eq2 up; ip addr add 10.99.3.1/24 dev eq1
      ip route add 10.99.2.0/24 nexthop via 10.77.0.2 dev wan nexthop via 10.99.3.2 dev eq1; ip neigh add 10.99.3.2 lladdr 02:00:00:00:00:32 dev eq1`,
    sender: `my $s = udp; go; send $s, 'x', 0, v4('10.99.2.2'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'Bridge',
    target: '10.99.4.2:PORT/udp',
    prepare: `ip link add br0 type bridge; ip link add bp1 type veth peer name bp2; ip link set bp1 master br0
      ip link set bp1 up; ip link set bp2 up; ip addr add 10.99.4.1/24 dev br0; ip link set br0 up; ip neigh add 10.99.4.2 lladdr 02:00:00:00:00:42 dev br0`,
    sender: `my $s = udp; go; send $s, 'x', 0, v4('10.99.4.2'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'tun',
    target: '10.99.5.2:PORT/udp',
    prepare: 'ip tuntap add tun7 mode tun; ip addr add 10.99.5.1/24 dev tun7; ip link set tun7 up',
    sender: `sysopen my $t, '/dev/net/tun', 2 or die $!; my $r = pack 'a16Sx22', 'tun7', 0x1001; ioctl $t, 0x400454ca, $r or die $!;
      my $s = udp; select undef, undef, undef, .1; go; send $s, 'x', 0, v4('10.99.5.2'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'VXLAN: inside the tunnel',
    target: '10.99.6.2:PORT/udp',
    prepare: `ip link add vx0 type vxlan id 7 remote 10.77.0.2 dstport 4789 dev wan; echo 1 > /proc/sys/net/ipv6/conf/vx0/disable_ipv6; ip addr add 10.99.6.1/24 dev vx0; ip link set vx0 up
      ip neigh add 10.99.6.2 lladdr 02:00:00:00:00:62 dev vx0`,
    sender: `my $s = udp; go; send $s, 'x', 0, v4('10.99.6.2'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'VXLAN: the tunnel’s own packets',
    target: '10.77.0.2:4789/udp',
    sender: `go; my $s = udp; select undef, undef, undef, .3; send $s, 'x', 0, v4('10.99.6.2', 9); named`,
    says: 'cgroup',
    remark: 'the sender’s own: it is named where it sends into the tunnel',
  },
  {
    name: 'A temporary IPv6 address (privacy extensions)',
    target: '[fd77::2]:PORT/udp',
    prepare:
      'echo 2 > /proc/sys/net/ipv6/conf/wan/use_tempaddr; ip addr add fd77:0:0:0:ab:cdff:fe12:3456/64 dev wan mngtmpaddr nodad',
    sender: `my $s = udp6; connect $s, v6; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'Multicast',
    target: '239.1.2.3:PORT/udp',
    prepare: 'ip route add 239.0.0.0/8 dev wan',
    sender: `my $s = udp; go; send $s, 'x', 0, v4('239.1.2.3'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'Multicast over IPv6',
    target: '[ff15::77]:PORT/udp',
    prepare: 'ip -6 route add ff15::/16 dev wan table local',
    sender: `my $s = udp6; go; send $s, 'x', 0, v6('ff15::77'); named $$`,
    says: 'wildcard',
  },
  {
    name: 'Broadcast',
    target: '10.77.0.255:PORT/udp',
    sender: `my $s = udp; setsockopt $s, SOL_SOCKET, SO_BROADCAST, 1; go; send $s, 'x', 0, v4('10.77.0.255'); named $$`,
    says: 'wildcard',
  },
];
