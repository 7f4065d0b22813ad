#!/usr/bin/perl
# forks.pl PER_SECOND SECONDS: processes that end at once, every tenth of them after it has become another program.
# Prints how many there were.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);

my ($per_second, $seconds) = @ARGV;
my ($forked, $began) = (0, time);
while ((my $passed = time - $began) < $seconds) {
  if ($forked >= $passed * $per_second) { sleep 0.001; next }
  $forked++;
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    exec '/bin/true' if $forked % 10 == 0;
    POSIX::_exit(0);
  }
  waitpid $pid, 0;
}
print "$forked\n";
