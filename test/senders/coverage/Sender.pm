# What the senders of test/netns/coverage have in common. HOST and PORT say where to send; STDIN tells when.
package Sender;
use strict;
use warnings;
use Socket qw(:all);
use Exporter 'import';

our @EXPORT = (@Socket::EXPORT_OK, @Socket::EXPORT, qw(opened v4 v6 mapped udp udp6 tcp go named child stay box handed hand enter_cgroup uring wake far segment wan $HOST $PORT));
my $first = $$;
our ($HOST, $PORT) = @ENV{qw(HOST PORT)};
$| = 1;
enter_cgroup($ENV{CGROUP}) if $ENV{CGROUP};

sub v4 { pack_sockaddr_in($_[1] // $PORT, inet_aton($_[0] // $HOST)) }
sub v6 { pack_sockaddr_in6($_[1] // $PORT, inet_pton(AF_INET6, $_[0] // 'fd77::2')) }
sub mapped { v6("::ffff:$HOST") }

sub opened { my ($family, $type, $protocol) = @_; socket(my $s, $family, $type, $protocol // 0) or die "socket: $!"; $s }
sub udp { opened(AF_INET, SOCK_DGRAM) }
sub udp6 { opened(AF_INET6, SOCK_DGRAM) }
sub tcp { my $s = opened(AF_INET, SOCK_STREAM, $_[1]); connect($s, v4($_[0])) or die "connect: $!" unless $_[2]; $s }

# All is set up: waits until it is to be sent.
sub go { print "set\n"; <STDIN> // exit }
# It is sent, and these are to be named; `?PID` may be; lives until STDIN ends.
sub named { print "@_\n"; 1 while <STDIN>; exit }
# Goes to the network namespace `box`, whose packets are forwarded.
sub box { open my $ns, '<', '/run/netns/box' or die $!; syscall(308, fileno $ns, 0x40000000) == 0 or die "setns: $!" }
# Its sockets belong to the cgroup in which they are opened.
sub enter_cgroup { open my $procs, '>', "$_[0]/cgroup.procs" or die $!; print $procs $$; close $procs or die $! }
# Another process, which does this and then lives as long as the first one.
sub child { my ($do) = @_; my $pid = fork // die "fork: $!"; return $pid if $pid; $do->(); stay(); }
sub stay { select undef, undef, undef, 0.1 while kill 0, $first; exit }

# Hands a descriptor to whoever reads the other end of a unix socket (unix(7), SCM_RIGHTS), and takes it there.
sub hand { my ($over, $fd) = @_; rights(46, $over, pack 'QiiIx4', 20, SOL_SOCKET, 1, $fd) }
sub handed { my $control = rights(47, $_[0], "\0" x 24); open my $s, '+<&=', (unpack 'QiiI', $control)[3] or die $!; $s }
sub rights {
  my ($call, $over, $control) = @_;
  my $byte = 'x';
  my $iov = pack 'PQ', $byte, 1;
  my $message = pack 'QQPQPQQ', 0, 0, $iov, 1, $control, length $control, 0;
  syscall($call, fileno $over, $message, 0) > 0 or die "sendmsg, recvmsg: $!";
  $control;
}
# Sends a byte by io_uring (io_uring_setup(2)): 0, or 2 (SQPOLL) to have its kernel thread do that.
sub uring {
  my ($s, $flags) = @_;
  my $params = pack 'L30', 0, 0, $flags;
  my $ring = syscall 425, 4, $params;
  die "io_uring_setup: $!" if $ring < 0;
  my ($tail, $array) = (unpack 'L30', $params)[11, 16];
  my $mapped = sub { my $at = syscall 9, 0, $_[0], 3, 0x8001, $ring, $_[1]; $at > 0 or die "mmap: $!"; $at };
  my $queue = $mapped->($array + 16, 0);
  my $byte = 'x';
  poke($mapped->(256, 0x10000000), pack 'CCSlQPLLQx24', 26, 0, 0, fileno $s, 0, $byte, 1, 0, 0);
  poke($queue + $tail, pack 'L', 1);
  syscall(426, $ring, 1, 1, $flags ? 2 : 1, 0, 0) >= 0 or die "io_uring_enter: $!";
  select undef, undef, undef, .1;
}
# Writes to an address: what read(2) does with a pipe.
sub poke { my ($at, $bytes) = @_; pipe my $r, my $w; syswrite $w, $bytes; syscall(0, fileno $r, $at, length $bytes) == length $bytes or die "read: $!" }

# Where packet sockets send to: the device wan (packet(7)).
sub wan { my $r = pack 'a16x24', 'wan'; ioctl udp, 0x8933, $r or die "ioctl: $!"; pack 'Snlx4a8', 17, 0x0800, unpack('x16l', $r), "\xff" x 6 }
# Has the server send to whoever is waiting for it on this port.
sub wake { my $s = opened(AF_INET, SOCK_STREAM); connect $s, v4($HOST, 19999) or die "wake: $!"; syswrite $s, $PORT; close $s }
# Runs Perl with this module in the second network namespace.
sub far { local $ENV{CGROUP} = ''; system 'nsenter', "--net=/proc/$ENV{FAR}/ns/net", $^X, '-I', $INC[0], '-MSender', '-e', @_ }
# Sends a TCP segment that belongs to no socket of its own.
sub segment {
  my ($from, $sport, $to, $dport, $flags) = @_;
  my @ends = map { inet_aton($_) } $from, $to;
  my $sum = sub { my $all = 0; $all += $_ for unpack 'n*', $_[0]; $all = ($all & 0xffff) + ($all >> 16) for 1, 2; ~$all & 0xffff };
  my $header = sub { pack 'nnNNCCnnn', $sport, $dport, 1, 1, 0x50, $flags, 1000, $_[0], 0 };
  my $tcp = $header->($sum->(pack('a4a4xCn', @ends, 6, 20) . $header->(0)));
  my $s = opened(AF_INET, SOCK_RAW, 255);
  send $s, pack('CCnnnCCna4a4', 0x45, 0, 40, 0, 0, 64, 6, 0, @ends) . $tcp, 0, v4($to, 0) or die "send: $!";
}
1;
