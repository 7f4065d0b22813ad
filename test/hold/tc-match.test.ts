import { describe, expect, it } from 'vitest';
import { clsactCommands } from '../../src/hold/clsact.js';
import { cookieOf, hasCookie, prefOf } from '../../src/hold/filters.js';
import { tcMatches } from '../../src/hold/tc-match.js';
import { attribute } from '../../src/netlink/message.js';
import type { TrafficObject } from '../../src/netlink/traffic-control.js';
import { lookupTargets } from '../../src/target/lookup.js';
import { parseTarget } from '../../src/target/parse.js';

const matchesOf = async (...texts: string[]) => tcMatches(await lookupTargets(texts.map(parseTarget)));
const socket = 'meta(sk_family gt 0)';
const first = 'cmp(u16 at 6 layer network mask 0x1fff eq 0)';

describe('tcMatches', () => {
  it('of tcp takes the opening SYN, of udp every packet, and no later fragment for a port', async () => {
    expect(await matchesOf('1.2.3.4:9')).toEqual([
      {
        protocol: 'ip',
        expression: `u32(u32 0x01020304 0xffffffff at 16) and cmp(u8 at 9 layer network eq 6) and cmp(u8 at 13 layer transport mask 23 eq 2) and cmp(u16 at 2 layer transport eq 9) and ${first} and ${socket}`,
      },
      {
        protocol: 'ip',
        expression: `u32(u32 0x01020304 0xffffffff at 16) and cmp(u8 at 9 layer network eq 17) and cmp(u16 at 2 layer transport eq 9) and ${first} and ${socket}`,
      },
    ]);
  });

  it.each([
    ['10.0.0.0/8/icmp', 'u32(u32 0x0a000000 0xff000000 at 16) and cmp(u8 at 9 layer network eq 1)'],
    ['10.1.2.0/23/gre', 'u32(u32 0x0a010200 0xfffffe00 at 16) and cmp(u8 at 9 layer network eq 47)'],
    [
      '[fd30::/33]/icmpv6',
      'u32(u32 0xfd300000 0xffffffff at 24) and u32(u32 0x00000000 0x80000000 at 28) and cmp(u8 at 6 layer network eq 58)',
    ],
    ['[::]/0/udp', 'cmp(u8 at 6 layer network eq 17)'],
  ])('%s', async (text, expression) => {
    expect((await matchesOf(text)).map(match => match.expression)).toEqual([`${expression} and ${socket}`]);
  });

  it('takes ranges of ports with both ends, and one IPv6 address by its 128 bits', async () => {
    const [match] = await matchesOf('[2001:db8::1]:100-65535/udp');
    expect(match).toEqual({
      protocol: 'ipv6',
      expression: `u32(u32 0x20010db8 0xffffffff at 24) and u32(u32 0x00000000 0xffffffff at 28) and u32(u32 0x00000000 0xffffffff at 32) and u32(u32 0x00000001 0xffffffff at 36) and cmp(u8 at 6 layer network eq 17) and cmp(u16 at 2 layer transport gt 99) and cmp(u16 at 2 layer transport lt 65536) and ${socket}`,
    });
  });

  it('for any protocol: each that has ports, ICMP, and all that are none of these; nothing twice', async () => {
    const matches = await matchesOf('1.2.3.4/any', '1.2.3.4/udp');
    expect(matches).toHaveLength(7);
    expect(matches.at(-1)!.expression).toBe(
      `u32(u32 0x01020304 0xffffffff at 16) and ${[6, 17, 33, 132, 136, 1].map(number => `not cmp(u8 at 9 layer network eq ${number})`).join(' and ')} and ${socket}`,
    );
  });
});

describe('filters of tc', () => {
  const nested = (type: number, ...values: Buffer[]): Buffer =>
    attribute(type | 0x8000, Buffer.concat(values));
  const filter = (kind: string, cookie: string): TrafficObject => {
    const action = nested(1, attribute(1, Buffer.from('mirred\0')), attribute(6, Buffer.from(cookie, 'hex')));
    const options = Buffer.concat([attribute(1, Buffer.alloc(4)), nested(3, action)]);
    return {
      ...{
        type: 'filter',
        kind,
        handle: 1,
        parent: 0xfffffff3,
        info: ((100 << 16) | 8) >>> 0,
        estimated: false,
      },
      attributes: [[2, options]],
    };
  };

  it('are known by their mark', () => {
    const ours = cookieOf('abc123');
    expect(Buffer.from(ours, 'hex').toString()).toBe('ptrapabc123');
    expect(hasCookie(filter('basic', ours), ours)).toBe(true);
    expect(hasCookie(filter('basic', cookieOf('abc124')), ours)).toBe(false);
    expect(hasCookie(filter('flower', ours), ours)).toBe(false);
    expect(hasCookie({ ...filter('basic', ours), attributes: [] }, ours)).toBe(false);
    expect(prefOf(filter('basic', ours))).toBe(100);
  });

  it('of ptrap come after all others, with a pref for each protocol, and its mark', async () => {
    const matches = await matchesOf('1.2.3.4/udp', '[::1]/udp');
    const options = { instance: 'abc123', ifb: 'ptrapabc123', matches };
    const lines = clsactCommands('eth0', options, true, 101).map(command => command.join(' '));
    expect(lines).toEqual([
      expect.stringMatching(/^tc filter add dev eth0 egress protocol ip pref 102 handle 0x1 basic match u32/),
      expect.stringMatching(
        /^tc filter add dev eth0 egress protocol ipv6 pref 103 handle 0x2 basic match u32/,
      ),
    ]);
    expect(lines[0]).toMatch(/ action mirred egress redirect dev ptrapabc123 cookie 7074726170616263313233$/);
    expect(clsactCommands('eth0', options, false, 0)[0]!.join(' ')).toBe('tc qdisc add dev eth0 clsact');
  });

  it('are refused where there is no pref left', () => {
    const options = { instance: 'abc123', ifb: 'ptrapabc123', matches: [] };
    expect(() => clsactCommands('eth0', options, true, 0xfffe)).toThrow('PTRAP_E_TC_FILTER');
  });
});
