#!/usr/bin/perl
# server.pl PORT…: accepts connections; closes one that sends "close", for writing only where it sends "shut"; answers
# one that sends "later" when its port is sent to port 19999.
use strict;
use warnings;
use IO::Select;
use Socket qw(:all);

my $listening = IO::Select->new;
for my $port (@ARGV, 19999) {
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
    shutdown $s, 1 if $text eq 'shut';
    $later{(unpack_sockaddr_in6(getsockname $s))[0]} = $s if $text eq 'later';
    syswrite $later{$text}, 'x' if $later{$text};
    if ($text eq 'close') { $open->remove($s); close $s }
    $open->remove($s) unless $got;
  }
}
