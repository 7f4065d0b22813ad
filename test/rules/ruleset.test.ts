import { describe, expect, it } from 'vitest';
import { logPrefix } from '../../src/rules/delivery.js';
import { buildProbeRule, buildRuleset, type RulesetOptions } from '../../src/rules/ruleset.js';
import { lookupTargets } from '../../src/target/lookup.js';
import { parseTarget } from '../../src/target/parse.js';

async function ruleset(texts: string[], options: Partial<RulesetOptions> = {}) {
  const targets = await lookupTargets(texts.map(parseTarget));
  return buildRuleset(targets, {
    instance: 'abc123',
    delivery: { to: 'kernel-log' },
    newConnections: false,
    forwarded: false,
    limit: 20,
    ...options,
  });
}

/** What selects packets, one line for each rule of the base chain. */
const selected = (commands: string[]): string[] =>
  commands.flatMap(
    command => /^add rule inet ptrap_abc123 out (.*) counter name matched/.exec(command)?.[1] ?? [],
  );

describe('buildRuleset', () => {
  it('is one owned table with a counter before and after the limit', async () => {
    expect(await ruleset(['192.168.1.1:53/udp'])).toEqual([
      'add table inet ptrap_abc123 { flags owner; }',
      'add counter inet ptrap_abc123 matched',
      'add counter inet ptrap_abc123 logged',
      'add set inet ptrap_abc123 meter_ipv4_ports { typeof ip saddr . th sport . ip daddr . th dport . meta l4proto; size 262144; flags dynamic,timeout; timeout 1m; }',
      'add chain inet ptrap_abc123 out { type filter hook output priority mangle; }',
      'add chain inet ptrap_abc123 log_0_ipv4_ports',
      'add rule inet ptrap_abc123 out ip daddr 192.168.1.1 meta l4proto udp th dport 53 counter name matched goto log_0_ipv4_ports comment "target 0"',
      'add rule inet ptrap_abc123 log_0_ipv4_ports update @meter_ipv4_ports { ip saddr . th sport . ip daddr . th dport . meta l4proto limit rate 20/minute burst 20 packets } counter name logged log prefix "ptrap-abc123-0: " level debug flags skuid',
      // what a full meter cannot count
      'add rule inet ptrap_abc123 log_0_ipv4_ports ip saddr . th sport . ip daddr . th dport . meta l4proto != @meter_ipv4_ports counter name logged log prefix "ptrap-abc123-0: " level debug flags skuid',
    ]);
  });

  it.each([
    ['10.0.0.0/8', ['ip daddr 10.0.0.0/8 meta l4proto tcp', 'ip daddr 10.0.0.0/8 meta l4proto udp']],
    ['[2001:db8::1]:443/tcp', ['ip6 daddr 2001:db8::1 meta l4proto tcp th dport 443']],
    ['1.2.3.4:5-7/udp', ['ip daddr 1.2.3.4 meta l4proto udp th dport 5-7']],
    [
      ':53/udp',
      ['meta protocol ip meta l4proto udp th dport 53', 'meta protocol ip6 meta l4proto udp th dport 53'],
    ],
    ['/icmp', ['meta protocol ip meta l4proto icmp']],
    ['/icmpv6', ['meta protocol ip6 meta l4proto icmpv6']],
    ['1.2.3.4/igmp', ['ip daddr 1.2.3.4 meta l4proto 2']],
    ['1.2.3.4/253', ['ip daddr 1.2.3.4 meta l4proto 253']],
    [
      '1.2.3.4/any',
      [
        'ip daddr 1.2.3.4 meta l4proto tcp',
        'ip daddr 1.2.3.4 meta l4proto { udp, dccp, sctp, udplite }',
        'ip daddr 1.2.3.4 meta l4proto icmp',
        'ip daddr 1.2.3.4 meta l4proto != { tcp, udp, dccp, sctp, udplite, icmp }',
      ],
    ],
    [
      '1.2.3.4:9/any',
      [
        'ip daddr 1.2.3.4 meta l4proto tcp th dport 9',
        'ip daddr 1.2.3.4 meta l4proto { udp, dccp, sctp, udplite } th dport 9',
      ],
    ],
  ])('selects %s', async (text, expressions) => {
    expect(selected(await ruleset([text]))).toEqual(expressions);
  });

  it('with -c selects only the opening SYN of tcp, and udp as before', async () => {
    expect(selected(await ruleset(['1.2.3.4:9'], { newConnections: true }))).toEqual([
      'ip daddr 1.2.3.4 meta l4proto tcp th dport 9 tcp flags & (fin|syn|rst|ack) == syn',
      'ip daddr 1.2.3.4 meta l4proto udp th dport 9',
    ]);
  });

  it('logs every target under its own prefix', async () => {
    const commands = await ruleset(['1.2.3.4:1/udp', '1.2.3.4:2/udp', '[::1]:3/tcp']);
    const logs = commands.filter(command => command.includes('log prefix'));
    expect([...new Set(logs.map(command => /log prefix "(.*?)"/.exec(command)?.[1]))]).toEqual(
      [0, 1, 2].map(tag => logPrefix('abc123', tag)),
    );
    expect(logs.every(command => command.endsWith('level debug flags skuid'))).toBe(true);
  });

  it('has no meter where the limit is not per connection', async () => {
    expect((await ruleset(['1.2.3.4:9'], { limit: undefined })).join('\n')).not.toMatch(/meter|limit rate/);
  });

  it('tells one ping from another by its id, and limits other icmp by addresses', async () => {
    const logs = (await ruleset(['1.2.3.4/icmp'])).filter(command => command.includes('log prefix'));
    expect(logs).toHaveLength(4);
    expect(logs[0]).toContain(
      'icmp type { echo-request, echo-reply } update @meter_ipv4_icmp { ip saddr . ip daddr . icmp id',
    );
    expect(logs[2]).toContain('icmp type != { echo-request, echo-reply } update @meter_ipv4_portless');
  });
});

describe('buildRuleset for an NFLOG group', () => {
  it('hands packets over at once, cut, to that group alone', async () => {
    const commands = await ruleset(['1.2.3.4:1/udp'], {
      delivery: { to: 'group', group: 4711, snaplen: 2048 },
      limit: undefined,
    });
    expect(commands.at(-1)).toBe(
      'add rule inet ptrap_abc123 log_0_ipv4_ports counter name logged log prefix "ptrap-abc123-0: " group 4711 snaplen 2048 queue-threshold 1',
    );
  });
});

describe('buildRuleset for queues', () => {
  const delivery = { to: 'queues', queues: [7, 8], probes: 9, delayMs: 100 } as const;
  const connection = 'ip saddr . th sport . ip daddr . th dport . meta l4proto';
  const counted = 'counter name matched counter name logged';

  it('queues of tcp the opening SYN, each target in a queue of its own, and lets pass where nobody listens', async () => {
    const commands = await ruleset(['1.2.3.4:1/udp', '1.2.3.4:2/tcp'], { delivery });
    expect(commands.slice(-2)).toEqual([
      'add rule inet ptrap_abc123 out ip daddr 1.2.3.4 meta l4proto tcp th dport 2 tcp flags & (fin|syn|rst|ack) == syn goto log_1_ipv4_tcp comment "target 1"',
      `add rule inet ptrap_abc123 log_1_ipv4_tcp ${counted} queue num 8 bypass`,
    ]);
  });

  it('queues of other protocols what is new, and what may follow a packet that is still held', async () => {
    const commands = await ruleset(['1.2.3.4:1/udp'], { delivery });
    const chain = 'add rule inet ptrap_abc123 log_0_ipv4_ports';
    expect(commands.slice(-4)).toEqual([
      `${chain} ${connection} @held_ipv4_ports update @held_ipv4_ports { ${connection} timeout 600ms } ${counted} queue num 7 bypass`,
      `${chain} ${connection} @seen_ipv4_ports return`,
      `${chain} add @seen_ipv4_ports { ${connection} } add @held_ipv4_ports { ${connection} timeout 600ms } ${counted} queue num 7 bypass`,
      `${chain} ${counted} queue num 7 bypass`, // the sets are full
    ]);
    expect(commands.filter(command => command.startsWith('add set'))).toHaveLength(2);
    expect(commands.join('\n')).not.toMatch(/meter|limit rate/);
  });

  it('has a queue for probes', () => {
    const probe = { address: '127.9.8.7', port: 4242 };
    expect(buildProbeRule({ instance: 'abc123', delivery }, probe)).toContain(
      `udp dport 4242 ${counted} queue num 9 bypass comment "probe"`,
    );
  });
});

describe('buildProbeRule', () => {
  it('takes only packets between the probe socket and itself, ahead of every target', () => {
    expect(
      buildProbeRule(
        { instance: 'abc123', delivery: { to: 'kernel-log' } },
        { address: '127.9.8.7', port: 4242 },
      ),
    ).toBe(
      'insert rule inet ptrap_abc123 out ip saddr 127.9.8.7 ip daddr 127.9.8.7 udp sport 4242 udp dport 4242 counter name matched counter name logged log prefix "ptrap-abc123-p: " level debug flags skuid accept comment "probe"',
    );
  });
});
