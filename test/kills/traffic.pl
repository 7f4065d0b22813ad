#!/usr/bin/perl
# traffic.pl send MS ADDRESS…: every MS milliseconds, to each address in turn, three numbered datagrams: to port 53 from a
#   socket that is new after ten, to port 53 from one that stays, to port 54 from one that stays.
# traffic.pl receive: takes them on every address.
# Each says "up", and on SIGUSR1 one line: of each class (held, beside) how many were sent, or the highest number that came,
# how many were overtaken by a later one of their socket, and the numbers that are missing below the highest.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(sleep);

$| = 1;
my ($role, $ms, @addresses) = @ARGV;
my %ports = (held => 53, beside => 54);
my $asked = 0;
$SIG{USR1} = sub { $asked = 1 };

sub udp { socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!"; $socket }

sub send_all {
  my (%sent, %flows);
  @sent{keys %ports} = (0) x keys %ports;
  my $flow = 0;
  my $put = sub {
    my ($class, $address, $kind, $most) = @_;
    my $its = $flows{"$kind$address"};
    $its = $flows{"$kind$address"} = { socket => udp(), id => $flow++, count => 0 } if !$its || $its->{count} >= $most;
    $sent{$class}++;
    $its->{count}++;
    defined send($its->{socket}, "$class $sent{$class} $its->{id} $its->{count}", 0, sockaddr_in($ports{$class}, inet_aton($address)))
      or die "send: $!";
  };
  print "up\n";
  for (my $turn = 0; ; $turn++) {
    my $address = $addresses[$turn % @addresses];
    $put->('held', $address, 'short', 10);
    $put->('held', $address, 'long', 9**9);
    $put->('beside', $address, 'beside', 9**9);
    sleep $ms / 1000;
    next if !$asked;
    $asked = 0;
    print "sent held $sent{held} beside $sent{beside}\n";
  }
}

sub receive_all {
  my (%highest, %missing, %overtaken, %last);
  my %classes = map { $_ => 1 } keys %ports;
  @highest{keys %ports} = @overtaken{keys %ports} = (0) x keys %ports;
  my ($watched, %sockets) = ('');
  for my $class (keys %ports) {
    my $socket = $sockets{$class} = udp();
    setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    bind($socket, sockaddr_in($ports{$class}, INADDR_ANY)) or die "bind: $!";
    vec($watched, fileno($socket), 1) = 1;
  }
  my $take = sub {
    my ($class, $number, $flow, $place) = split / /, shift;
    return print "strange\n" if !$classes{$class // ''};
    if ($number > $highest{$class}) {
      $missing{$class}{$_} = 1 for $highest{$class} + 1 .. $number - 1;
      $highest{$class} = $number;
    }
    elsif (!delete $missing{$class}{$number}) { print "twice $class $number\n" }
    $overtaken{$class}++ if $place < ($last{$flow} // 0);
    $last{$flow} = $place if $place > ($last{$flow} // 0);
  };
  print "up\n";
  my $bytes;
  for (;;) {
    my $found = select(my $ready = $watched, undef, undef, 1);
    for my $socket ($found > 0 ? values %sockets : ()) {
      next if !vec($ready, fileno($socket), 1);
      $take->($bytes) if defined recv($socket, $bytes, 200, 0);
    }
    next if !$asked;
    $asked = 0;
    my @parts = map { "$_ $highest{$_} $overtaken{$_} [" . join(',', sort { $a <=> $b } keys %{ $missing{$_} }) . ']' } qw(held beside);
    print "received @parts\n";
  }
}

$role eq 'send' ? send_all() : receive_all();
