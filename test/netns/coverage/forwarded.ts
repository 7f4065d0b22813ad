import type { Case } from './case.js';

/** A namespace behind this one, as a container is behind its bridge, with its packets translated on their way out. */
export const BOX = `ip netns add box; ip link add box0 type veth peer name eth0 netns box
  ip addr add 10.66.0.1/24 dev box0; ip addr add fd66::1/64 dev box0 nodad; ip link set box0 up
  ip -n box addr add 10.66.0.2/24 dev eth0; ip -n box addr add fd66::2/64 dev eth0 nodad; ip -n box link set eth0 up; ip -n box link set lo up
  ip -n box route add default via 10.66.0.1; ip -n box route add default via fd66::1
  echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
  nft 'table inet nat { chain post { type nat hook postrouting priority 100; oif wan masquerade; }; }'`;

const target = '10.77.0.2:PORT/udp';

/** Packets of another network namespace, which are forwarded here. */
export const forwarded: readonly Case[] = [
  {
    name: 'UDP from another namespace, connected',
    target,
    prepare: BOX,
    sender: `box; my $s = udp; connect $s, v4; go; send $s, 'x', 0; named $$`,
    says: 'exact',
    remark: 'the source is the one before SNAT',
  },
  {
    name: 'UDP from another namespace, sendto()',
    target,
    sender: `box; my $s = udp; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'IPv4 over an AF_INET6 socket of another namespace',
    target,
    sender: `box; my $s = udp6; go; send $s, 'x', 0, mapped; named $$`,
    says: 'wildcard',
  },
  {
    name: 'UDP over IPv6 from another namespace',
    target: '[fd77::2]:PORT/udp',
    sender: `box; my $s = udp6; connect $s, v6; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'TCP from another namespace',
    target: '10.77.0.2:PORT/tcp',
    sender: `box; go; my $s = tcp; named $$`,
    says: 'exact',
  },
  {
    name: 'A decoy here on the port number of a sender there',
    target,
    sender: `my $d = udp; bind $d, v4('10.66.0.1', 7777) or die $!; box; my $s = udp; bind $s, v4('10.66.0.2', 7777) or die $!;
      my $c = child(sub { close $s }); close $d; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A socket of another namespace that a process of this one holds',
    target,
    sender: `open my $home, '<', '/proc/self/ns/net'; box; my $s = udp; connect $s, v4; child(sub { close $s });
      syscall(308, fileno $home, 0x40000000) == 0 or die $!; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'A ping from another namespace',
    target: '10.77.0.2/icmp',
    sender: `box; my $s = opened(AF_INET, SOCK_RAW, 1); go; send $s, pack('CCnnn', 8, 0, 0xf7ff, 0, 0), 0, v4 or die $!; named $$`,
    says: 'wildcard',
    isAlone: true,
  },
  {
    name: 'A process of another namespace that ends at once',
    target,
    sender: `box; child(sub {}); go; my $c = fork; if (!$c) { my $s = udp; send $s, 'x', 0, v4; exec 'true' } waitpid $c, 0; named "?$c"`,
    says: 'other-netns',
    orSays: 'wildcard',
    needs: '`audit`; or ptrap in its namespace (`ip netns exec`, `nsenter`), with `bpf`',
  },
  {
    name: 'FIN: the last packet of a socket of another namespace that is closed',
    target: '10.77.0.2:PORT/tcp',
    sender: `box; my $s = tcp; go; close $s; named`,
    says: 'exited',
    remark: 'the kernel tells no user of what is forwarded',
  },
  {
    name: 'A source address that no namespace here has',
    target,
    sender: `box; my $s = udp; setsockopt $s, 0, 19, 1 or die $!; bind $s, v4('10.66.0.77', 0) or die $!; go; send $s, 'x', 0, v4; named`,
    says: 'forwarded',
    remark: 'a virtual machine, or another machine behind this one',
  },
];
