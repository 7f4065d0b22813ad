#!/usr/bin/perl
# flood.pl ADDRESS PORT COUNT RATE [SOCKETS]: COUNT UDP packets, RATE a second, from so many sockets (1) in turn. Packets
# of one socket leave in batches of up to 20, by sendmmsg(2): where a system call is slow, too. With as many sockets as
# packets each is a flow of its own. Prints how many it sent, and in how many seconds.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my ($address, $port, $count, $rate, $sockets) = (@ARGV, 1);
my $to = sockaddr_in($port, inet_aton($address));
my $payload = 'flood';
my $iovec = pack 'P Q', $payload, length $payload;
# a struct mmsghdr of a 64-bit machine
my $messages = pack('P L x4 P Q Q Q L x4 L x4', $to, length $to, $iovec, 1, 0, 0, 0, 0) x 20;
my %numbers = (x86_64 => 307, aarch64 => 269);
my $sendmmsg = $numbers{(split ' ', `uname -m`)[0]} // die 'sendmmsg(2) has which number?';

my @from = map { socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!"; $socket } 1 .. $sockets;
my $most = @from * 20 > $count ? int($count / @from) || 1 : 20;
my ($sent, $turn, $started) = (0, 0, now());
while ($sent < $count) {
  my $due = int((now() - $started) * $rate);
  $due = $count if $due > $count;
  while ($sent < $due) {
    my $batch = $due - $sent < $most ? $due - $sent : $most;
    my $done = syscall $sendmmsg, fileno $from[$turn++ % @from], $messages, $batch, 0;
    die "sendmmsg: $!" if $done < 1;
    $sent += $done;
  }
  sleep 0.001;
}
printf "%d %.2f\n", $sent, now() - $started;

sub now { return clock_gettime(CLOCK_MONOTONIC) }
