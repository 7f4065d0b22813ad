import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isHookable } from '../../src/nft/device.js';
import { buildEgress } from '../../src/hold/egress.js';
import { ifbCommands, parsePassing, parseQueue } from '../../src/hold/ifb.js';
import { changedQdiscs } from '../../src/hold/qdisc.js';
import { lookupTargets } from '../../src/target/lookup.js';
import { parseTarget } from '../../src/target/parse.js';

const socketOnly = 'meta skuid 0-4294967294 counter';
const held = `${socketOnly} limit name "room" fwd to "ptrapabc123"`;
const unheld = `${socketOnly} name "unheld" accept`;

describe('buildEgress', () => {
  it('holds the opening SYN of tcp and every packet of other protocols, on each device, as far as netem has room', async () => {
    const targets = await lookupTargets(['1.2.3.4:9', '[::1]/icmpv6'].map(parseTarget));
    expect(buildEgress('ptrap_abc123', 'ptrapabc123', ['eth0', 'lo'], targets, 60)).toEqual([
      'add table netdev ptrap_abc123 { flags owner; }',
      'add limit netdev ptrap_abc123 room { rate 1333333/second burst 10000 packets; }',
      'add counter netdev ptrap_abc123 unheld',
      'add chain netdev ptrap_abc123 hold',
      `add rule netdev ptrap_abc123 hold ip daddr 1.2.3.4 meta l4proto tcp th dport 9 tcp flags & (fin|syn|rst|ack) == syn ${held}`,
      `add rule netdev ptrap_abc123 hold ip daddr 1.2.3.4 meta l4proto tcp th dport 9 tcp flags & (fin|syn|rst|ack) == syn ${unheld}`,
      `add rule netdev ptrap_abc123 hold ip daddr 1.2.3.4 meta l4proto udp th dport 9 ${held}`,
      `add rule netdev ptrap_abc123 hold ip daddr 1.2.3.4 meta l4proto udp th dport 9 ${unheld}`,
      `add rule netdev ptrap_abc123 hold ip6 daddr ::1 meta l4proto icmpv6 ${held}`,
      `add rule netdev ptrap_abc123 hold ip6 daddr ::1 meta l4proto icmpv6 ${unheld}`,
      'add chain netdev ptrap_abc123 device_0 { type filter hook egress device "eth0" priority 0; }',
      'add rule netdev ptrap_abc123 device_0 jump hold',
      'add chain netdev ptrap_abc123 device_1 { type filter hook egress device "lo" priority 0; }',
      'add rule netdev ptrap_abc123 device_1 jump hold',
    ]);
  });
});

describe('ifbCommands', () => {
  it('brings the ifb up last, with room for a flood', () => {
    expect(ifbCommands('ptrapabc123', 'ptrap pid=1 start=2', 60).map(command => command.join(' '))).toEqual([
      'modprobe ifb numifbs=0',
      'modprobe sch_netem',
      'ip link add ptrapabc123 type ifb',
      'ip link set ptrapabc123 alias ptrap pid=1 start=2',
      'ip link set ptrapabc123 addrgenmode none',
      'tc qdisc add dev ptrapabc123 root handle 1: netem delay 60ms limit 100000',
      'ip link set ptrapabc123 up',
    ]);
  });
});

describe('devices', () => {
  it('are those of no ptrap, with names that nft can quote', () => {
    const names = ['lo', 'eth0', 'ptrapabc123', 'ptrap0', 'a"b', ''];
    expect(names.filter(name => isHookable({ name }))).toEqual(['lo', 'eth0', 'ptrap0']);
  });
});

describe('what tc prints', () => {
  it('gives what waits in netem, as tc 6.1 said it', () => {
    const recorded = readFileSync(new URL('../fixtures/hold/netem.qdisc-s.json', import.meta.url), 'utf8');
    expect(parseQueue(recorded)).toBe(0);
    const busy = recorded.replace('"qlen":0', '"qlen":41');
    expect(parseQueue(busy)).toBe(41);
    expect(parseQueue('[]')).toBe(0);
  });

  it('gives what passes through the ifb, as ip 6.1 said it', () => {
    const recorded = readFileSync(new URL('../fixtures/hold/ifb.link-s.json', import.meta.url), 'utf8');
    expect(parsePassing(recorded)).toBe(0);
    expect(parsePassing(recorded.replace('"packets":7', '"packets":9'))).toBe(2);
    expect(parsePassing(recorded.replace('"dropped":0', '"dropped":5'))).toBe(0);
    expect(parsePassing('[]')).toBe(0);
  });

  it('tells on which devices qdiscs changed', () => {
    const before = new Map([
      ['eth0', 'qdisc 1'],
      ['lo', 'qdisc 2'],
    ]);
    expect(changedQdiscs(before, new Map(before))).toEqual([]);
    expect(changedQdiscs(before, new Map(before).set('eth0', 'qdisc 3'))).toEqual(['eth0']);
    expect(changedQdiscs(before, new Map(before).set('eth0', ''))).toEqual([]);
  });
});
