#!/usr/bin/perl
# calls.pl KIND COUNT IPV4 IPV6 PORT [stay]: so many processes, one after the other, each sends one packet in one way and ends at
# once, without waiting for anything. Prints their pids. To stay is to wait, as their parent, for the end of stdin.
use strict;
use warnings;
use Socket qw(:all);
use POSIX ();

my ($kind, $count, $ipv4, $ipv6, $port, $stay) = @ARGV;
$| = 1;
my $to4 = pack_sockaddr_in($port, inet_aton($ipv4));
my $to6 = pack_sockaddr_in6($port, inet_pton(AF_INET6, $ipv6));
my $mapped = pack_sockaddr_in6($port, inet_pton(AF_INET6, "::ffff:$ipv4"));
my ($tcp, $udp) = (SOCK_STREAM, SOCK_DGRAM);
my %ways = (
  # family, type, protocol, address, whether it is connected first, and how it sends
  'udp4'           => [AF_INET, $udp, 0, $to4, 0],
  'udp4-connected' => [AF_INET, $udp, 0, $to4, 1],
  'udp4-write'     => [AF_INET, $udp, 0, $to4, 1, 'write'],
  'udp6'           => [AF_INET6, $udp, 0, $to6, 0],
  'udp6-connected' => [AF_INET6, $udp, 0, $to6, 1],
  'udp-mapped'     => [AF_INET6, $udp, 0, $mapped, 0],
  'udp-mapped-connected' => [AF_INET6, $udp, 0, $mapped, 1],
  'tcp4'           => [AF_INET, $tcp, 0, $to4, 1, 'none'],
  'tcp6'           => [AF_INET6, $tcp, 0, $to6, 1, 'none'],
  'tcp-mapped'     => [AF_INET6, $tcp, 0, $mapped, 1, 'none'],
  'ping4'          => [AF_INET, $udp, IPPROTO_ICMP, $to4, 0],
  'ping6'          => [AF_INET6, $udp, IPPROTO_ICMPV6, $to6, 0],
  'raw4'           => [AF_INET, SOCK_RAW, 253, $to4, 0],
  'raw6'           => [AF_INET6, SOCK_RAW, 253, pack_sockaddr_in6(0, inet_pton(AF_INET6, $ipv6)), 0],
);
my ($family, $type, $protocol, $to, $connects, $how) = @{$ways{$kind} // die "no kind $kind"};
my $payload = $kind =~ /^ping/ ? pack('CCnnn', $family == AF_INET ? 8 : 128, 0, 0, 0, 1) : 'x';
for (1 .. $count) {
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    socket(my $socket, $family, $type, $protocol) or die "socket: $!";
    connect($socket, $to) if $connects; # a refused one was sent all the same
    if (($how // '') eq 'write') { defined syswrite($socket, $payload) or die "write: $!" }
    elsif (!$how) { defined($connects ? send($socket, $payload, 0) : send($socket, $payload, 0, $to)) or die "send: $!" }
    POSIX::_exit(0);
  }
  waitpid $pid, 0;
  print "$pid\n";
}
<STDIN> if $stay;
