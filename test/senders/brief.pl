#!/usr/bin/perl
# brief.pl ADDRESS PORT COUNT: short-lived UDP senders, one after the other, each a process of its own: every second one
# ends right after its packet, the others stay for 5 ms. Prints PID and source port of each.
use strict;
use warnings;
use Socket;
use POSIX ();
use Time::HiRes qw(sleep);

my ($address, $port, $count) = @ARGV;
my $to = sockaddr_in($port, inet_aton($address));
for my $number (1 .. $count) {
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
    bind($socket, sockaddr_in(0, INADDR_ANY)) or die "bind: $!";
    my ($from) = sockaddr_in(getsockname $socket);
    syswrite STDOUT, "$$ $from\n";
    defined send($socket, 'x', 0, $to) or die "send: $!";
    sleep 0.005 if $number % 2;
    POSIX::_exit(0);
  }
  waitpid $pid, 0;
}
