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
    remark:
      'the reset takes the socket from the kernel’s table before it can be looked up, but for a source that holds',
  },
  {
    name: 'FIN_WAIT2: closed for writing, what is received is acknowledged',
    target,
    sender: `my $s = tcp; syswrite $s, 'later'; shutdown $s, 1; go; sysread $s, $_, 1; named $$`,
    says: 'exact',
  },
  {
    name: 'FIN: the last packet of a socket that is closed',
    target,
    sender: `my $s = tcp; go; close $s; named`,
    says: 'cgroup',
    remark: 'the descriptor is gone before the packet is sent',
  },
  {
    name: 'UDP, connected, idle for long',
    target: '10.77.0.2:PORT/udp',
    sender: `my $s = udp; connect $s, v4; sleep 1; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
];
