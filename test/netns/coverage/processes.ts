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
    remark: 'both pids are told: the one that ptrap sees, and the one in there',
    tells: { nsPid: /^1$/ },
  },
  {
    name: 'An executable that has been deleted',
    target,
    sender: `exec { "/run/gone-perl" } 'gone-perl', '-I', $INC[0], '-MSender', '-e',
      'unlink "/run/gone-perl"; my $s = udp; connect $s, v4; go; send $s, "x", 0; named $$'`,
    prepare: 'cp "$(readlink -f "$(command -v perl)")" /run/gone-perl',
    says: 'exact',
    remark: 'its path ends in “(deleted)”',
    tells: { exe: /^"\/run\/gone-perl \(deleted\)"$/ },
  },
  {
    name: 'A process that is stopped just after it has sent',
    target,
    sender: `my $c = $$; my $waker = fork; if (!$waker) { select undef, undef, undef, .5 while kill 'CONT', $c; exit }
      my $s = udp; connect $s, v4; go; send $s, 'x', 0; print "$$\\n"; kill 'STOP', $$; named $$`,
    says: 'exact',
  },
  {
    name: 'A script',
    target,
    sender: `open my $f, '>', '/run/nightly'; print $f "#!$^X\nuse lib '$INC[0]'; use Sender; my \\$s = udp; connect \\$s, v4; go; send \\$s, 'x', 0; named \\$\\$"; close $f;
      chmod 0755, '/run/nightly'; exec '/run/nightly'`,
    says: 'exact',
    remark: 'exe is the interpreter, argv names the script, and so does comm',
    tells: { exe: /perl/, comm: /^"nightly"$/, argv: /^\[".*perl.*","\/run\/nightly"\]$/ },
  },
  {
    name: 'A setuid program',
    target,
    prepare: 'cp "$(readlink -f "$(command -v bash)")" /run/su-bash; chmod 4755 /run/su-bash',
    sender: `$( = 65534; $) = '65534 65534'; $< = $> = 65534; exec { '/run/su-bash' } 'su-bash', '-p', '-c', "exec 3<>/dev/udp/$HOST/$PORT; echo set; read x; echo x >&3; echo \\$\\$; read x"`,
    says: 'exact',
    remark: 'the flow’s uid is the program’s, the process’s is who has started it',
    tells: { uid: /^65534$/, exe: /su-bash/ },
  },
  {
    name: 'A process in an uninterruptible wait (state D)',
    target: '10.77.0.2:PORT/tcp',
    sender: `my ($me, $s) = ($$, tcp); syswrite $s, 'later'; child(sub { close $s; select undef, undef, undef, .2 until qx(ps -o state= -p $me) =~ /D/; wake });
      go; my $c = syscall 56, 0x4011, 0, 0, 0, 0; if (!$c) { close $s; sleep 3; exec 'true' } named $$`,
    says: 'exact',
    remark: 'it waits for its vfork, while the kernel acknowledges what comes',
  },
  {
    name: 'A pid that has passed to another process since',
    target,
    sender: `my $home = $$; go; my $c = fork; if (!$c) { my $s = udp; send $s, 'x', 0, v4; close $s; exec 'true' } waitpid $c, 0;
      for (1 .. 500) { open my $last, '>', '/proc/sys/kernel/ns_last_pid' or die $!; print $last $c - 1; close $last;
        my $other = child(sub { $0 = 'impostor'; my $d = udp; connect $d, v4($HOST, 9); stay }); last if $other == $c; kill 'KILL', $other; waitpid $other, 0; die 'not reused' if $_ == 500 } named "?$c"`,
    says: 'cgroup',
    orSays: 'wildcard',
    tells: { comm: /^"(perl|true)"$/ },
    needs: '`bpf` or `audit`',
    remark: 'a process that began after the packet has not sent it',
    isAlone: true,
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
    sender: `go; sleep 3; my $c = fork; if (!$c) { $) = '23456 23456'; $( = 23456; $< = $> = 23456; my $s = udp; send $s, 'x', 0, v4; close $s; kill 'KILL', $$ } waitpid $c, 0; named $c`,
    says: 'history',
    orSays: 'wildcard',
    needs: 'the process table',
    remark: 'once ptrap has run for 2 s; without the table: cgroup',
  },
  {
    name: 'A process that ends at once, one of many of its user’s',
    target,
    sender: `go; my $c = fork; if (!$c) { my $s = udp; send $s, 'x', 0, v4; close $s; exec 'true' } waitpid $c, 0; named "?$c"`,
    says: 'cgroup',
    orSays: 'wildcard',
    needs: '`bpf` or `audit`; `queue` if it waits for an answer',
    remark: 'its unit or container',
  },
  {
    name: 'A process that ends at once, one of many of its user’s, in no cgroup but the root',
    target,
    sender: `go; my $c = fork; if (!$c) { enter_cgroup($ENV{CGROUPS}); my $s = udp; send $s, 'x', 0, v4; close $s; exec 'true' } waitpid $c, 0; named "?$c"`,
    says: 'uid',
    orSays: 'wildcard',
    needs: '`bpf` or `audit`; `queue` if it waits for an answer',
  },
];
