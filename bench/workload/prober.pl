#!/usr/bin/perl
# prober.pl ADDRESS PORT: a packet from a new socket every 50 ms, each socket kept for 2 s: what a tool must see to be
# ready.
use strict;
use warnings;
use Socket;

my ($address, $port) = @ARGV;
my @held;
while (1) {
  socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "probe: $!";
  connect($socket, sockaddr_in($port, inet_aton($address))) or die "probe: $!";
  send($socket, '-', 0);
  push @held, $socket;
  shift @held if @held > 40;
  select(undef, undef, undef, 0.05);
}
