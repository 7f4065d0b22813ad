import { describe, expect, it } from 'vitest';
import { PtrapError } from '../../src/errors.js';
import { parseTarget } from '../../src/target/parse.js';

const ipv4 = (address: string, prefix = 32) => ({
  kind: 'network',
  network: { family: 'ipv4', address, prefix },
});
const ipv6 = (address: string, prefix = 128) => ({
  kind: 'network',
  network: { family: 'ipv6', address, prefix },
});
const both = ['tcp', 'udp'];

describe('parseTarget', () => {
  it.each([
    ['192.168.1.1:53/udp', { host: ipv4('192.168.1.1'), ports: { from: 53, to: 53 }, protocols: ['udp'] }],
    [
      '[2001:db8::1]:443/tcp',
      { host: ipv6('2001:db8::1'), ports: { from: 443, to: 443 }, protocols: ['tcp'] },
    ],
    ['10.0.0.0/8', { host: ipv4('10.0.0.0', 8), protocols: both }],
    ['10.1.2.3/8', { host: ipv4('10.0.0.0', 8), protocols: both }],
    ['10.0.0.0/8:53/udp', { host: ipv4('10.0.0.0', 8), ports: { from: 53, to: 53 }, protocols: ['udp'] }],
    ['0.0.0.0/0', { host: ipv4('0.0.0.0', 0), protocols: both }],
    [
      'example.org:443',
      { host: { kind: 'name', name: 'example.org' }, ports: { from: 443, to: 443 }, protocols: both },
    ],
    ['Example.ORG', { host: { kind: 'name', name: 'example.org' }, protocols: both }],
    ['example.org/17', { host: { kind: 'name', name: 'example.org' }, protocols: ['udp'] }],
    [':53/udp', { host: { kind: 'any' }, ports: { from: 53, to: 53 }, protocols: ['udp'] }],
    ['*', { host: { kind: 'any' }, protocols: both }],
    ['/icmp', { host: { kind: 'any' }, protocols: ['icmp'] }],
    ['9.9.9.9/icmp', { host: ipv4('9.9.9.9'), protocols: ['icmp'] }],
    ['9.9.9.9/253', { host: ipv4('9.9.9.9'), protocols: ['253'] }],
    ['10.0.0.1/32/8', { host: ipv4('10.0.0.1'), protocols: ['8'] }],
    ['10.0.0.1:1000-2000', { host: ipv4('10.0.0.1'), ports: { from: 1000, to: 2000 }, protocols: both }],
    ['10.0.0.1:1-5/any', { host: ipv4('10.0.0.1'), ports: { from: 1, to: 5 }, protocols: 'any' }],
    ['2001:db8::1', { host: ipv6('2001:db8::1'), protocols: both }],
    ['2001:db8:0:0::/32', { host: ipv6('2001:db8::', 32), protocols: both }],
    [
      '[2001:db8::/32]:53/udp',
      { host: ipv6('2001:db8::', 32), ports: { from: 53, to: 53 }, protocols: ['udp'] },
    ],
    ['::ffff:1.2.3.4', { host: ipv4('1.2.3.4'), protocols: both }],
    ['10.0.0.1/TCP', { host: ipv4('10.0.0.1'), protocols: ['tcp'] }],
  ])('reads %s', (text, target) => {
    const { text: canonical, ...read } = parseTarget(text);
    expect(read).toEqual(target);
    expect(parseTarget(canonical)).toEqual({ text: canonical, ...read });
  });

  it.each([
    ['192.168.1.1:53/udp', '192.168.1.1:53/udp'],
    ['[2001:0DB8::1]:443', '[2001:db8::1]:443'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.0.0.1/32/8', '10.0.0.1/32/8'],
    ['1.2.3.4/253', '1.2.3.4/32/253'],
    ['1.2.3.4/17', '1.2.0.0/17'],
    ['1.2.3.4/6/6', '0.0.0.0/6/tcp'],
    [':/udp', ':/udp'],
    [':', '*'],
  ])('%s is %s in events', (text, canonical) => {
    expect(parseTarget(text).text).toBe(canonical);
  });

  it.each([
    ['', 'empty'],
    ['$(id)', 'no address and no host name'],
    ['`id`', 'no address and no host name'],
    ['a;b', 'no address and no host name'],
    ['300.1.1.1', 'is no address'],
    ['1.2.3', 'is no address'],
    ['010.0.0.1.', 'is no address'],
    [':::', 'is no address'],
    ['[::1', 'cannot read'],
    ['[::1]x', 'cannot read'],
    ['fe80::1%eth0', 'zone'],
    ['1.2.3.4:0', 'is no port'],
    ['1.2.3.4:70000', 'is no port'],
    ['1.2.3.4:5-1', 'is no port'],
    ['1.2.3.4:domain', 'is no port'],
    ['1.2.3.4/33:53', 'no prefix length'],
    ['[::1/129]:53', 'is no prefix length'],
    ['example.org/8/udp', 'no prefix length'],
    ['1.2.3.4/icpm', 'is no protocol'],
    ['1.2.3.4/256', 'is no protocol'],
    ['1.2.3.4:53/icmp', 'has no ports'],
    ['1.2.3.4:53/253', 'has no ports'],
    ['::1/icmp', 'not sent to an ipv6 address'],
    ['1.2.3.4/icmpv6', 'not sent to an ipv4 address'],
    ['a/b/c', 'cannot read'],
    ['-example.org', 'no address and no host name'],
    ['\u001b[31m', 'cannot read'],
  ])('refuses %j: %s', (text, why) => {
    const refused = (): unknown => parseTarget(text);
    expect(refused).toThrow(PtrapError);
    expect(refused).toThrow(why);
    expect(refused).toThrow(/[;?] allowed: /);
    expect(refused).not.toThrow('\u001b');
  });
});
