import type { Case } from './case.js';

const target = '10.77.0.2:PORT/udp';

/** What processes do with their sockets. */
export const processes: readonly Case[] = [
  {
    name: 'A socket inherited by a forked child; the parent sends',
    target,
    sender: `my $s = udp; connect $s, v4; my $c = child(sub {}); go; send $s, 'x', 0; named $$, $c`,
    says: 'shared',
  },
  {
    name: 'A child sends on its parent’s socket',
    target,
    sender: `my $s = udp; connect $s, v4; go; my $c = child(sub { send $s, 'x', 0 }); named $$, $c`,
    says: 'shared',
  },
  {
    name: 'A child sends whose parent has closed the socket',
    target,
    sender: `my $s = udp; connect $s, v4; pipe my $r, my $w; my $c = child(sub { sysread $r, $_, 1; send $s, 'x', 0 });
      close $s; go; syswrite $w, 'x'; named $c`,
    says: 'exact',
  },
  {
    name: 'A child sends whose parent has ended',
    target,
    sender: `my $s = udp; connect $s, v4; pipe my $r, my $w; pipe my $pr, my $pw;
      my $middle = fork; if (!$middle) { my $c = child(sub { sysread $r, $_, 1; send $s, 'x', 0 }); syswrite $pw, "$c\\n"; exit }
      my $c = <$pr>; chomp $c; waitpid $middle, 0; close $s; go; syswrite $w, 'x'; named $c`,
    says: 'exact',
  },
  {
    name: 'A descriptor handed to another process (SCM_RIGHTS), which sends',
    target,
    sender: `socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, 0; my $c = child(sub { my $s = handed($b); send $s, 'x', 0; stay });
      my $s = udp; connect $s, v4; go; hand($a, fileno $s); close $s; named $c`,
    says: 'exact',
  },
  {
    name: 'A thread',
    target,
    sender: `use threads; my $s = udp; connect $s, v4; go; threads->create(sub { send $s, 'x', 0 })->join; named $$`,
    says: 'exact',
    remark: 'the process is named, not the thread',
  },
  {
    name: 'A process that has become another program since it sent (exec)',
    target,
    sender: `$^F = 99; my $s = udp; connect $s, v4; go; send $s, 'x', 0; print "$$\\n"; exec 'cat'`,
    says: 'exact',
    remark: 'what it runs by then is told',
  },
  {
    name: 'A process that has given up root since it opened the socket',
    target,
    sender: `my $s = udp; connect $s, v4; $) = '65534 65534'; $( = 65534; $< = $> = 65534; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'A process that has gone to another network namespace since it opened the socket (setns)',
    target,
    sender: `my $s = udp; connect $s, v4; syscall(272, 0x40000000) == 0 or die $!; go; send $s, 'x', 0; named $$`,
    says: 'exact',
  },
  {
    name: 'A process in a pid namespace of its own',
    target,
    sender: `syscall(272, 0x20000000) == 0 or die $!; pipe my $r, my $w; my $c = child(sub { sysread $r, $_, 1; my $s = udp; connect $s, v4; send $s, 'x', 0; syscall(157, 1, 9, 0, 0, 0); sleep 1000 });
      go; syswrite $w, 'x'; named $c`,
    says: 'exact',
    remark: 'its pid is the one that ptrap sees',
  },
  {
    name: 'An executable that has been deleted',
    target,
    sender: `exec { "/run/gone-perl" } 'gone-perl', '-I', $INC[0], '-MSender', '-e',
      'unlink "/run/gone-perl"; my $s = udp; connect $s, v4; go; send $s, "x", 0; named $$'`,
    prepare: 'cp "$(readlink -f "$(command -v perl)")" /run/gone-perl',
    says: 'exact',
    remark: 'its path ends in “(deleted)”',
  },
  {
    name: 'A process that is stopped just after it has sent',
    target,
    sender: `my $c = $$; my $waker = fork; if (!$waker) { select undef, undef, undef, .5 while kill 'CONT', $c; exit }
      my $s = udp; connect $s, v4; go; send $s, 'x', 0; print "$$\\n"; kill 'STOP', $$; named $$`,
    says: 'exact',
  },
  {
    name: 'A decoy: another process on the same port number of another address',
    target,
    sender: `my $s = udp; bind $s, v4('10.77.0.1', 0); my ($port) = unpack_sockaddr_in getsockname $s;
      child(sub { close $s; my $d = udp; bind $d, v4('127.0.0.1', $port) or die $!; connect $d, v4('127.0.0.1', 9); stay });
      select undef, undef, undef, .2; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A decoy of the other protocol on the same port number',
    target,
    sender: `my $s = udp; bind $s, v4('10.77.0.1', 0); my ($port) = unpack_sockaddr_in getsockname $s;
      child(sub { close $s; my $d = opened(AF_INET, SOCK_STREAM); bind $d, v4('10.77.0.1', $port) or die $!; listen $d, 1; stay });
      select undef, undef, undef, .2; go; send $s, 'x', 0, v4; named $$`,
    says: 'wildcard',
  },
  {
    name: 'A process that ends at once, with nobody else of its user’s',
    target,
    sender: `go; sleep 3; my $c = fork; if (!$c) { $) = '23456 23456'; $( = 23456; $< = $> = 23456; my $s = udp; send $s, 'x', 0, v4; exec 'true' } waitpid $c, 0; named $c`,
    says: 'history',
    remark: 'once ptrap has run for 2 s; without the process table: cgroup',
  },
  {
    name: 'A process that ends at once, one of many of its user’s',
    target,
    sender: `go; my $c = fork; if (!$c) { my $s = udp; send $s, 'x', 0, v4; exec 'true' } waitpid $c, 0; named`,
    says: 'cgroup',
    remark: 'its unit or container; --source bpf names it, --source queue if it waits for an answer',
  },
  {
    name: 'A process that ends at once, one of many of its user’s, in no cgroup but the root',
    target,
    sender: `go; my $c = fork; if (!$c) { enter_cgroup($ENV{CGROUPS}); my $s = udp; send $s, 'x', 0, v4; exec 'true' } waitpid $c, 0; named`,
    says: 'uid',
  },
];
