#!/usr/bin/perl
# senders.pl KEY=VALUE…: short-lived senders, each a process of its own. Perl, for it forks in under a millisecond and
# is on every Debian. Each prints one line, times on CLOCK_MONOTONIC in ms:
#   PID SOURCE_PORT STARTED TOOK ANSWERED HOLDERS
# STARTED is just before connect() or sendto(), TOOK until it had what it wanted (the answer, the connection, or just
# the system call's return), HOLDERS every process that holds the socket ("12,13").
#   to=ADDRESS:PORT from=ADDRESS    protocol=udp|tcp
#   until=answer|sent               what it waits for before it exits
#   delay=MS                        how long the server takes to answer (udp)
#   count=N gap=MS                  one after the other with a gap between them; gap=flood: all at once
#   with=nothing|decoy|heir         another process binds the same port of 127.0.0.1; a forked child inherits the socket
# Every second UDP sender is connected, the others use sendto().
use strict;
use warnings;
use Socket;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my %o = map { split /=/, $_, 2 } @ARGV;
my ($address, $port) = split /:/, $o{to};
my $to = sockaddr_in($port, inet_aton($address));
my $type = $o{protocol} eq 'udp' ? SOCK_DGRAM : SOCK_STREAM;
my $patience = 15;    # seconds
my @kept;

# What the senders inherit is a pipe and no socket: node gives its children sockets for stdin, stdout and stderr.
pipe(my $results, my $report) or die "pipe: $!";
if (fork) {
  close $report;
  print while <$results>;
  wait;
  exit($? >> 8);
}
close $results;
open($_, '+<', '/dev/null') or die "open: $!" for *STDIN, *STDOUT;
open(STDERR, '>&', $report) or die "open: $!";    # what goes wrong is no result, and noticed as such

for my $number (1 .. $o{count}) {
  my $pid = fork // die "fork: $!";
  if ($pid == 0) { sender($number); POSIX::_exit(0) }
  next if $o{gap} eq 'flood';
  waitpid $pid, 0;
  sleep $o{gap} / 1000;
}
1 while wait != -1;

sub sender {
  my ($number) = @_;
  my $from = $o{with} eq 'decoy' ? decoy() : 0;
  socket(my $socket, PF_INET, $type, 0) or die "socket: $!";
  bind($socket, sockaddr_in($from, inet_aton($o{from}))) or die "bind: $!" if $from;
  my @holders = ($$, $o{with} eq 'heir' ? heir() : ());
  my $content = $o{until} eq 'answer' ? $o{delay} : '-';

  my $started = now();
  if ($type == SOCK_STREAM) { connect($socket, $to) or die "connect: $!" }
  elsif ($number % 2) { connect($socket, $to) && defined send($socket, $content, 0) or die "send: $!" }
  else { defined send($socket, $content, 0, $to) or die "sendto: $!" }
  my $took = now() - $started;

  my $answered = 0;
  if ($o{until} eq 'answer') {
    my $read = '';
    vec($read, fileno($socket), 1) = 1;
    $answered = select($read, undef, undef, $patience) > 0 ? 1 : 0;
    $took = now() - $started if $type == SOCK_DGRAM;
  }
  my ($source) = sockaddr_in(getsockname $socket);
  syswrite $report, sprintf "%d %d %.4f %.4f %d %s\n", $$, $source, $started, $took, $answered, join ',', @holders;
}

sub now { return 1000 * clock_gettime(CLOCK_MONOTONIC) }

# A child that lives until this process ends; what it returns is told to this process first.
sub companion {
  my ($act) = @_;
  pipe(my $hear, my $tell) or die "pipe: $!";
  pipe(my $wait, my $hold) or die "pipe: $!";
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    close $hold;
    syswrite $tell, $act->() . "\n";
    sysread $wait, my $end, 1;
    POSIX::_exit(0);
  }
  push @kept, $hold;    # closed when this process ends
  chomp(my $said = readline $hear);
  return ($pid, $said);
}

# A process that holds a port of 127.0.0.1; gives that port.
sub decoy {
  my ($pid, $said) = companion(sub {
    socket(our $held, PF_INET, $type, 0) or die "decoy: $!";
    bind($held, sockaddr_in(0, INADDR_LOOPBACK)) or die "decoy: $!";
    return (sockaddr_in(getsockname $held))[0];
  });
  return $said;
}

# A child that holds all that this process holds.
sub heir { return (companion(sub { 'here' }))[0] }
