import { describe, expect, it } from 'vitest';
import { packetSocketTag, PROBE_TAG, readTag } from '../../src/nft/tag.js';
import { logPrefix } from '../../src/rules/delivery.js';
import { buildPacketSockets } from '../../src/rules/packet-sockets.js';
import { lookupTargets } from '../../src/target/lookup.js';
import { parseTarget } from '../../src/target/parse.js';

describe('buildPacketSockets', () => {
  it('logs what has a socket and no route, on every device', async () => {
    const targets = await lookupTargets([parseTarget('192.168.1.1:53/udp')]);
    expect(
      buildPacketSockets(targets, ['lo', 'eth0'], {
        instance: 'abc123',
        delivery: { to: 'group', group: 7, snaplen: 2048 },
        newConnections: false,
        forwarded: true,
        limit: undefined,
      }),
    ).toEqual([
      'add table netdev ptrap_abc123_packet { flags owner; }',
      'add counter netdev ptrap_abc123_packet matched',
      'add counter netdev ptrap_abc123_packet logged',
      'add chain netdev ptrap_abc123_packet past',
      'add rule netdev ptrap_abc123_packet past meta rtclassid 0-4294967294 return',
      'add chain netdev ptrap_abc123_packet log_0_ipv4_ports',
      'add rule netdev ptrap_abc123_packet past ip daddr 192.168.1.1 meta l4proto udp th dport 53 meta skuid 0-4294967294 counter name matched goto log_0_ipv4_ports comment "target 0"',
      'add rule netdev ptrap_abc123_packet log_0_ipv4_ports counter name logged log prefix "ptrap-abc123-packet0: " group 7 snaplen 2048 queue-threshold 1',
      'add chain netdev ptrap_abc123_packet device_0 { type filter hook egress device "lo" priority -150; }',
      'add rule netdev ptrap_abc123_packet device_0 jump past',
      'add chain netdev ptrap_abc123_packet device_1 { type filter hook egress device "eth0" priority -150; }',
      'add rule netdev ptrap_abc123_packet device_1 jump past',
    ]);
  });
});

describe('a tag', () => {
  it.each([
    ['12', { index: 12, isOfPacketSocket: false }],
    [String(packetSocketTag(12)), { index: 12, isOfPacketSocket: true }],
    [String(PROBE_TAG), { index: undefined, isOfPacketSocket: false }],
    ['packet', { index: undefined, isOfPacketSocket: false }],
    ['', { index: undefined, isOfPacketSocket: false }],
    ['1e3', { index: undefined, isOfPacketSocket: false }],
  ])('%j', (tag, read) => expect(readTag(tag)).toEqual(read));

  it('fits into a prefix', () => {
    expect(logPrefix('abc123', packetSocketTag(99_999)).length).toBeLessThan(128);
  });
});
