#!/usr/bin/perl
# udp-waiters.pl ADDRESS PORT COUNT: so many processes at once, each sends one datagram, waits up to 60 s for the answer,
# prints its pid and ends. Half of them connect(). Perl, for it forks in under a millisecond and is on every Debian.
use strict;
use warnings;
use Socket;
use POSIX ();

my ($address, $port, $count) = @ARGV;
my $to = sockaddr_in($port, inet_aton($address));
for my $number (1 .. $count) {
  my $pid = fork // die "fork: $!";
  next if $pid;
  socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
  if ($number % 2) { connect($socket, $to) && defined send($socket, 'x', 0) or die "send: $!" }
  else { defined send($socket, 'x', 0, $to) or die "sendto: $!" }
  vec(my $readable = '', fileno($socket), 1) = 1;
  syswrite STDOUT, "$$\n" if select($readable, undef, undef, 60) > 0;
  POSIX::_exit(0);
}
1 while wait != -1;
