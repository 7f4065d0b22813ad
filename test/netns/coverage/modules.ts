import type { Case } from './case.js';

/** A device whose packets go to a neighbour that need not exist. */
const up = (device: string, network: number): string => `
  echo 1 >/proc/sys/net/ipv6/conf/${device}/disable_ipv6; ip addr add 10.98.${network}.1/24 dev ${device}; ip link set ${device} up`;
const neighbour = (device: string, network: number): string =>
  `ip neigh replace 10.98.${network}.2 lladdr 02:00:00:00:01:0${network} dev ${device}`;

const sendsTo = (address: string): string =>
  `my $s = udp; go; send $s, 'x', 0, v4('${address}') or die $!; named $$`;
/** Sends into a tunnel, whose own packets are the ones to be seen. */
const sendsThrough = (address: string): string =>
  `my $s = udp; go; send $s, 'x', 0, v4('${address}', 9) or die $!; named`;

const THEIR_OWN = 'the sender’s own: it is named where it sends into the tunnel';

/** A WireGuard device, its key, and a peer that never answers. */
const WIREGUARD = `export PATH="$PATH:$PWD/.cache/vm/containers/usr/bin"
  ip link add wg7 type wireguard; wg genkey | wg set wg7 private-key /dev/stdin
  wg set wg7 peer "$(wg genkey | wg pubkey)" endpoint 10.77.0.2:51820 allowed-ips 10.98.5.0/24${up('wg7', 5)}`;

const XFRM = `for dir in 'out src 10.77.0.1 dst 10.77.0.2' 'in src 10.77.0.2 dst 10.77.0.1'; do set -- $dir; shift
    ip xfrm state add $* proto esp spi 7 reqid 7 mode tunnel enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth 'hmac(sha256)' 0x00; done
  ip xfrm policy add src 10.98.6.0/24 dst 10.98.7.0/24 dir out tmpl src 10.77.0.1 dst 10.77.0.2 proto esp reqid 7 mode tunnel
  ip addr add 10.98.6.1/24 dev lo; ip route add 10.98.7.0/24 via 10.77.0.2 src 10.98.6.1`;

/** Ways and protocols for which a kernel has modules: Debian's does. */
export const modules: readonly Case[] = [
  {
    name: 'VLAN',
    target: '10.98.1.2:PORT/udp',
    prepare: `ip link add link wan name vlan7 type vlan id 7${up('vlan7', 1)}; ${neighbour('vlan7', 1)}`,
    sender: sendsTo('10.98.1.2'),
    says: 'wildcard',
  },
  {
    name: 'macvlan',
    target: '10.98.2.2:PORT/udp',
    prepare: `ip link add link wan name mac7 type macvlan${up('mac7', 2)}; ${neighbour('mac7', 2)}`,
    sender: sendsTo('10.98.2.2'),
    says: 'wildcard',
  },
  {
    name: 'A routing domain of its own (VRF)',
    target: '10.98.3.2:PORT/udp',
    prepare: `ip link add red type vrf table 73; ip link set red up; ip link add vr1 type veth peer name vr2; ip link set vr2 up
      ip link set vr1 master red${up('vr1', 3)}; ${neighbour('vr1', 3)}`,
    sender: `my $s = udp; setsockopt $s, SOL_SOCKET, 25, 'red' or die $!; go; send $s, 'x', 0, v4('10.98.3.2') or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'IP in IP: inside the tunnel',
    target: '10.98.4.2:PORT/udp',
    prepare: `ip link add ipip7 type ipip local 10.77.0.1 remote 10.77.0.2${up('ipip7', 4)}`,
    sender: sendsTo('10.98.4.2'),
    says: 'wildcard',
  },
  {
    name: 'IP in IP: the tunnel’s own packets',
    target: '10.77.0.2/ipencap',
    sender: sendsThrough('10.98.4.2'),
    says: 'uid',
    remark: THEIR_OWN,
  },
  {
    name: 'GRE: inside the tunnel',
    target: '10.98.8.2:PORT/udp',
    prepare: `ip link add gre7 type gre local 10.77.0.1 remote 10.77.0.2${up('gre7', 8)}`,
    sender: sendsTo('10.98.8.2'),
    says: 'wildcard',
  },
  {
    name: 'GRE: the tunnel’s own packets',
    target: '10.77.0.2/gre',
    sender: sendsThrough('10.98.8.2'),
    says: 'uid',
    remark: THEIR_OWN,
  },
  {
    name: 'WireGuard: inside the tunnel',
    target: '10.98.5.2:PORT/udp',
    prepare: WIREGUARD,
    sender: sendsTo('10.98.5.2'),
    says: 'wildcard',
  },
  {
    name: 'WireGuard: the tunnel’s own packets',
    target: '10.77.0.2:51820/udp',
    sender: sendsThrough('10.98.5.2'),
    says: 'kernel',
  },
  {
    name: 'IPsec: what is to be encrypted',
    target: '10.98.7.2:PORT/udp',
    prepare: XFRM,
    sender: sendsTo('10.98.7.2'),
    says: 'wildcard',
  },
  {
    name: 'IPsec: the tunnel’s own packets (ESP)',
    target: '10.77.0.2/esp',
    sender: sendsThrough('10.98.7.2'),
    says: 'uid',
    remark: THEIR_OWN,
  },
  {
    name: 'SCTP',
    target: '10.77.0.32:PORT/sctp',
    prepare: 'ip neigh replace 10.77.0.32 lladdr 02:00:00:00:01:32 dev wan',
    sender: `use IO::Handle; my $s = opened(AF_INET, SOCK_STREAM, 132); $s->blocking(0); go; connect $s, v4('10.77.0.32'); named $$`,
    says: 'exact',
  },
  {
    name: 'SCTP, one socket for many peers (SOCK_SEQPACKET)',
    target: '10.77.0.31:PORT/sctp',
    prepare: 'ip neigh replace 10.77.0.31 lladdr 02:00:00:00:01:31 dev wan',
    sender: `my $s = opened(AF_INET, 5, 132); go; send $s, 'x', 64, v4('10.77.0.31') or die $!; named $$`,
    says: 'wildcard',
  },
  {
    name: 'NFS: the kernel’s own client',
    target: '10.77.0.2:2049/tcp',
    prepare: 'modprobe nfsv4',
    sender: `go; system 'timeout 20 mount -i -t nfs4 -o addr=10.77.0.2,clientaddr=10.77.0.1,timeo=5,retrans=1 10.77.0.2:/ /mnt 2>/dev/null'; named`,
    says: 'uid',
    remark: 'its socket is root’s, and no process has it',
  },
].map(one => ({ ...one, isAlone: true }) as Case);
