#!/usr/bin/perl
# crowd.pl PROCESSES DESCRIPTORS: a busy machine: so many processes with so many descriptors each, two of them sockets of
# its own, which sleep until this one's stdin ends. Prints "here".
use strict;
use warnings;
use IO::Handle;
use POSIX ();
use Socket;

my ($processes, $descriptors) = @ARGV;
pipe(my $wait, my $hold) or die "pipe: $!";
pipe(my $hear, my $tell) or die "pipe: $!";
my @held;
for (1 .. $processes) {
  my $pid = fork // die "fork: $!";
  next if $pid;
  close $hold;
  open($_, '+<', '/dev/null') or die "open: $!" for *STDIN, *STDOUT, *STDERR;    # they may be sockets that all share
  socketpair(my $one, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
  for (8 .. $descriptors) { open my $file, '<', '/dev/null' or die "open: $!"; push @held, $file }
  syswrite $tell, 'x';
  close $tell;
  sysread $wait, my $end, 1;
  POSIX::_exit(0);
}
close $tell;
1 while sysread $hear, my $ready, 4096;
STDOUT->autoflush(1);
print "here\n";
sysread STDIN, my $end, 1;
close $hold;
1 while wait != -1;
