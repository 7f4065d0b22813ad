import type { Case } from './case.js';

/** Kinds of sockets and of system calls. */
export const sockets: readonly Case[] = [
  {
    name: 'UDP, connected',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; connect $s, v4; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'UDP, sendto() without a connection',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'UDP, bound to an address, sendto()',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; bind $s, v4('10.77.0.1', 0); go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'UDP over IPv6, connected',
    target: '[fd77::2]:PORT/udp',
    sender: `my $s = udp6; connect $s, v6; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'UDP over IPv6, sendto()',
    target: '[fd77::2]:PORT/udp',
    sender: `my $s = udp6; go; send $s, 'x', 0, v6; named $$`,
    says: 'wildcard',
  },
  {
    name: 'IPv4 over an AF_INET6 socket, connected',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp6; connect $s, mapped; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'IPv4 over an AF_INET6 socket, sendto()',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp6; go; send $s, 'x', 0, mapped; named $$`,
    says: 'wildcard',
  },
  {
    name: 'sendmmsg(), three packets at once',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; my ($byte, $to) = ('x', v4); my $iov = pack 'PQ', $byte, 1;
      my $all = pack 'PQPQQQQQ', $to, length $to, $iov, 1, 0, 0, 0, 0; $all = join '', map {
        pack 'PQPQQQQQ', $to, length $to, $iov, 1, 0, 0, 0, 0 } 1 .. 3;
      go; syscall(307, fileno $s, $all, 3, 0) == 3 or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'TCP, connect()',
    target: '10.77.0.2:PORT/tcp',
    sender: `go; my $s = tcp; named $$`,
    says: 'exact',
  },
  {
    name: 'TCP over IPv6',
    target: '[fd77::2]:PORT/tcp',
    sender: `go; my $s = opened(AF_INET6, SOCK_STREAM); connect $s, v6 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'TCP over an AF_INET6 socket to an IPv4 address',
    target: '10.77.0.2:PORT/tcp',
    sender: `go; my $s = opened(AF_INET6, SOCK_STREAM); connect $s, mapped or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'TCP, a connection that never comes about',
    target: '10.77.0.99:PORT/tcp',
    prepare: 'ip neigh add 10.77.0.99 lladdr 02:00:00:00:00:99 dev wan',
    sender: `my $s = opened(AF_INET, SOCK_STREAM | 04000); go; connect $s, v4('10.77.0.99'); named $$`,
    says: 'exact',
  },
  {
    name: 'TCP Fast Open',
    target: '10.77.0.2:PORT/tcp',
    sender: `my $s = opened(AF_INET, SOCK_STREAM); go; send $s, 'x', 0x20000000, v4 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'Multipath TCP',
    target: '10.77.0.2:PORT/tcp',
    sender: `my $s = opened(AF_INET, SOCK_STREAM, 262); go; connect $s, v4 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'sendfile()',
    target: '10.77.0.2:PORT/tcp',
    sender: `my $s = tcp; open my $f, '<', $0; open $f, '<', '/proc/self/exe'; go;
      syscall(40, fileno $s, fileno $f, 0, 4096) == 4096 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'splice() from a pipe',
    target: '10.77.0.2:PORT/tcp',
    sender: `my $s = tcp; pipe my $r, my $w; syswrite $w, 'x'; go;
      syscall(275, fileno $r, 0, fileno $s, 0, 1, 0) == 1 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'MSG_ZEROCOPY',
    target: '10.77.0.2:PORT/tcp',
    sender: `my $s = tcp; setsockopt $s, SOL_SOCKET, 60, 1 or die $!; go;
      send $s, 'x' x 65536, 0x4000000 or die $!; named $$`,
    says: 'exact',
  },
  {
    name: 'io_uring',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; connect $s, v4; go; uring $s, 0; named $$`,
    says: 'exact',
  },
  {
    name: 'io_uring, sent by its kernel thread (SQPOLL)',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; connect $s, v4; go; uring $s, 2; named $$`,
    says: 'exact',
  },
  {
    name: 'UDP with IP_PKTINFO, another source address',
    target: '10.77.0.2:PORT/udp',
    prepare: 'ip addr add 10.77.0.7/24 dev wan',
    sender: `my $s = udp; my ($byte, $to) = ('x', v4); my $iov = pack 'PQ', $byte, 1;
      my $control = pack 'QiiI a4 a4 x4', 28, 0, 8, 0, inet_aton('10.77.0.7'), inet_aton('0.0.0.0');
      my $m = pack 'PQPQPQQ', $to, length $to, $iov, 1, $control, length $control, 0;
      go; syscall(46, fileno $s, $m, 0) == 1 or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A source address that is not the machine’s (IP_TRANSPARENT)',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; setsockopt $s, 0, 19, 1 or die $!; bind $s, v4('10.99.9.9', 0) or die $!; go;
      send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A socket bound to a device (SO_BINDTODEVICE)',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; setsockopt $s, SOL_SOCKET, 25, "wan\\0" or die $!; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'SO_REUSEPORT, two sockets of one process on one port',
    target: '10.77.0.2:PORT/udp',
    sender: `my @s = (udp, udp); setsockopt $_, SOL_SOCKET, 15, 1 for @s; bind $s[0], v4('10.77.0.1', 0);
      bind $s[1], getsockname $s[0] or die $!; go; send $s[0], 'x', 0, v4; named $$`,
    says: 'wildcard',
    remark: 'the inode is left out',
  },
  {
    name: 'SO_REUSEPORT, sockets of two processes on one port',
    target: '10.77.0.2:PORT/udp',
    sender: `my @s = (udp, udp); setsockopt $_, SOL_SOCKET, 15, 1 for @s; bind $s[0], v4('10.77.0.1', 0);
      bind $s[1], getsockname $s[0] or die $!; child(sub { close $s[0] }); close $s[1]; select undef, undef, undef, .2;
      go; send $s[0], 'x', 0, v4; named`,
    says: 'ambiguous',
  },
  {
    name: 'SO_REUSEPORT, unconnected beside another process’s connected socket on the same port',
    target: '10.77.0.2:PORT/udp',
    sender: `my @s = (udp, udp); setsockopt $_, SOL_SOCKET, 15, 1 for @s; bind $s[0], v4('10.77.0.1', 0);
      bind $s[1], getsockname $s[0] or die $!; connect $s[1], v4; child(sub { close $s[0] }); close $s[1];
      select undef, undef, undef, .2; go; send $s[0], 'x', 0, v4; named`,
    says: 'ambiguous',
  },
];
