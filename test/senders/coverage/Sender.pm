# What the senders of test/netns/coverage have in common. HOST and PORT say where to send; STDIN tells when.
package Sender;
use strict;
use warnings;
use Socket qw(:all);
use Exporter 'import';

our @EXPORT = (@Socket::EXPORT_OK, @Socket::EXPORT, qw(opened v4 v6 mapped udp udp6 tcp go named child stay box handed hand enter_cgroup $HOST $PORT));
my $first = $$;
our ($HOST, $PORT) = @ENV{qw(HOST PORT)};
$| = 1;
enter_cgroup($ENV{CGROUP});

sub v4 { pack_sockaddr_in($_[1] // $PORT, inet_aton($_[0] // $HOST)) }
sub v6 { pack_sockaddr_in6($_[1] // $PORT, inet_pton(AF_INET6, $_[0] // 'fd77::2')) }
sub mapped { v6("::ffff:$HOST") }

sub opened { my ($family, $type, $protocol) = @_; socket(my $s, $family, $type, $protocol // 0) or die "socket: $!"; $s }
sub udp { opened(AF_INET, SOCK_DGRAM) }
sub udp6 { opened(AF_INET6, SOCK_DGRAM) }
sub tcp { my $s = opened(AF_INET, SOCK_STREAM, $_[1]); connect($s, v4($_[0])) or die "connect: $!" unless $_[2]; $s }

# All is set up: waits until it is to be sent.
sub go { print "set\n"; <STDIN> // exit }
# It is sent, and these are to be named; lives until STDIN ends.
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
1;
