#!/usr/bin/perl
# crowd.pl PROCESSES DESCRIPTORS: a busy machine: so many processes with so many descriptors each, which sleep until
# this one's stdin ends. Prints "here".
use strict;
use warnings;
use IO::Handle;
use POSIX ();

my ($processes, $descriptors) = @ARGV;
my @held;
for (4 .. $descriptors) { open my $file, '<', '/dev/null' or die "open: $!"; push @held, $file }
for (1 .. $processes) {
  my $pid = fork // die "fork: $!";
  next if $pid;
  sysread STDIN, my $end, 1;
  POSIX::_exit(0);
}
STDOUT->autoflush(1);
print "here\n";
sysread STDIN, my $end, 1;
1 while wait != -1;
