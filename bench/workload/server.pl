#!/usr/bin/perl
# server.pl ADDRESS PORT TCP_DELAY_MS: answers over UDP after as many ms as the datagram says ("20"; "-" is never
# answered), and over TCP with a line after TCP_DELAY_MS. Prints "listening".
use strict;
use warnings;
use Socket;
use IO::Handle;
use Time::HiRes qw(time);

my ($address, $port, $tcp_delay) = @ARGV;
$SIG{PIPE} = 'IGNORE';
my $here = sockaddr_in($port, inet_aton($address));
socket(my $udp, PF_INET, SOCK_DGRAM, 0) or die "udp: $!";
socket(my $tcp, PF_INET, SOCK_STREAM, 0) or die "tcp: $!";
setsockopt($tcp, SOL_SOCKET, SO_REUSEADDR, 1);
setsockopt($udp, SOL_SOCKET, 33, 8 << 20);    # SO_RCVBUFFORCE: a flood must fit
bind($_, $here) or die "bind: $!" for $udp, $tcp;
listen($tcp, 4096) or die "listen: $!";
STDOUT->autoflush(1);
print "listening\n";

my @due;    # [when, what to do], in order of time: there are few different delays
while (1) {
  my $read = '';
  vec($read, fileno($_), 1) = 1 for $udp, $tcp;
  my $pause = @due ? $due[0][0] - time : undef;
  select($read, undef, undef, defined $pause && $pause < 0 ? 0 : $pause);
  if (vec($read, fileno($udp), 1)) {
    my $peer = recv($udp, my $delay, 64, 0);
    if ($delay =~ /^\d+$/) { later($delay, sub { send($udp, 'x', 0, $peer) }) }
  }
  if (vec($read, fileno($tcp), 1)) {
    accept(my $connection, $tcp);
    later($tcp_delay, sub { syswrite($connection, "x\n"); close $connection });
  }
  while (@due && $due[0][0] <= time) { (shift @due)->[1]->() }
}

sub later {
  my ($ms, $act) = @_;
  return $act->() if $ms == 0;
  my $when = time + $ms / 1000;
  my $at = @due;
  $at-- while $at > 0 && $due[$at - 1][0] > $when;
  splice @due, $at, 0, [$when, $act];
}
