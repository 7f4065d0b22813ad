#!/usr/bin/perl
# flows.pl ADDRESS PORT RATE SECONDS KEEP: one process, RATE new UDP flows a second: a new socket each, one packet, and
# the last KEEP sockets stay open. Prints how many it sent, and in how many seconds.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my ($address, $port, $rate, $seconds, $keep) = @ARGV;
my $to = sockaddr_in($port, inet_aton($address));
my @held;
my ($sent, $started) = (0, now());
while ($sent < $rate * $seconds) {
  my $due = (now() - $started) * $rate;
  while ($sent < $due && $sent < $rate * $seconds) {
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
    defined send($socket, '-', 0, $to) or die "send: $!";
    $sent++;
    push @held, $socket;
    shift @held if @held > $keep;
  }
  sleep 0.002;
}
printf "%d %.2f\n", $sent, now() - $started;

sub now { return clock_gettime(CLOCK_MONOTONIC) }
