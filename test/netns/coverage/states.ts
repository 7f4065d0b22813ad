import type { Case } from './case.js';

const target = '10.77.0.2:PORT/tcp';

/** Connections that are older than ptrap, in every state in which they send. */
export const states: readonly Case[] = [
  {
    name: 'ESTABLISHED, idle for long',
    target,
    sender: `my $s = tcp; go; syswrite $s, 'x'; named $$`,
    says: 'exact',
  },
  {
    name: 'CLOSE_WAIT: the peer has closed for writing',
    target,
    sender: `my $s = tcp; syswrite $s, 'shut'; sysread $s, my $end, 1; go; syswrite $s, 'x'; named $$`,
    says: 'exact',
  },
  {
    name: 'The peer has closed, and answers with a reset',
    target,
    sender: `my $s = tcp; syswrite $s, 'close'; sysread $s, my $end, 1; go; syswrite $s, 'x'; named`,
    says: 'cgroup',
    orSays: 'uid',
    remark:
      'the reset takes the socket from the kernel’s table before it can be looked up, but for a source that holds',
  },
  {
    name: 'FIN_WAIT2: closed for writing, what is received is acknowledged',
    target,
    sender: `my $s = tcp; syswrite $s, 'later'; shutdown $s, 1; go; wake; sysread $s, $_, 1; named $$`,
    says: 'exact',
  },
  {
    name: 'ESTABLISHED, idle: a keepalive of the kernel’s',
    target,
    sender: `my $s = tcp; setsockopt $s, SOL_SOCKET, SO_KEEPALIVE, 1; setsockopt $s, 6, $_, 1 for 4, 5; go; sleep 2; named $$`,
    says: 'exact',
  },
  {
    name: 'SYN_RECV: the answer to who connects, before that is accepted',
    target: '10.77.0.2:18002/tcp',
    sender: `my $l = opened(AF_INET, SOCK_STREAM); bind $l, v4('10.77.0.1', 18001) or die $!; listen $l, 5; go;
      far('my $s = opened(AF_INET, SOCK_STREAM); bind $s, v4("10.77.0.2", 18002) or die $!; connect $s, v4("10.77.0.1", 18001) or die $!'); named $$`,
    says: 'wildcard',
    remark: 'who listens',
  },
  {
    name: 'FIN_WAIT1: the FIN of who closes for writing',
    target,
    sender: `my $s = tcp; syswrite $s, 'later'; go; shutdown $s, 1; named $$`,
    says: 'exact',
  },
  {
    name: 'LAST_ACK: closed, after the peer',
    target,
    sender: `my $s = tcp; syswrite $s, 'shut'; sysread $s, my $end, 1; go; close $s; named`,
    says: 'cgroup',
    orSays: 'uid',
    remark: 'the descriptor is gone before the packet is sent',
  },
  {
    name: 'TIME_WAIT: the kernel’s answer for a connection that is over',
    target,
    sender: `my $s = tcp; my ($port) = unpack_sockaddr_in getsockname $s; syswrite $s, 'shut'; shutdown $s, 1; sysread $s, my $end, 1; select undef, undef, undef, .2; close $s;
      go; far("segment '10.77.0.2', $PORT, '10.77.0.1', $port, 0x11"); named`,
    says: 'kernel',
    remark: 'nobody has it any more',
  },
  {
    name: 'FIN: the last packet of a socket that is closed',
    target,
    sender: `my $s = tcp; go; close $s; named`,
    says: 'cgroup',
    orSays: 'uid',
    remark: 'the descriptor is gone before the packet is sent',
  },
  {
    name: 'UDP, connected, idle for long',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; connect $s, v4; sleep 1; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
];
