#!/usr/bin/perl
# server.pl PORT…: accepts connections; closes one that sends "close", answers one that sends "later" after a moment.
use strict;
use warnings;
use IO::Select;
use Socket qw(:all);

my $listening = IO::Select->new;
for my $port (@ARGV) {
  socket(my $s, AF_INET6, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
  bind $s, pack_sockaddr_in6($port, IN6ADDR_ANY) or die "bind: $!";
  listen $s, 10;
  $listening->add($s);
}
$| = 1;
print "listening\n";
my %later;
my $open = IO::Select->new($listening->handles);
for (;;) {
  for my $s ($open->can_read(0.1)) {
    if ($listening->exists($s)) { accept my $new, $s; $open->add($new); next }
    my $got = sysread $s, my $text, 65536;
    $later{$s} = [$s, time + 2] if $got && $text eq 'later';
    if (!$got || $text eq 'close') { $open->remove($s) unless $later{$s}; close $s unless $later{$s} }
  }
  for my $s (grep { $_->[1] < time } values %later) { syswrite $s->[0], 'x'; delete $later{$s->[0]} }
}
