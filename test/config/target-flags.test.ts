import { describe, expect, it } from 'vitest';
import { targetTexts, type TargetFlags } from '../../src/config/target-flags.js';
import { parseTarget } from '../../src/target/parse.js';

describe('targetTexts', () => {
  it.each<[string, string[], TargetFlags, string[]]>([
    ['nothing', [], {}, []],
    ['address and port: tcp and udp', [], { ip: '192.168.1.1', port: '53' }, ['192.168.1.1:53']],
    ['the original’s udp line', [], { ip: '192.168.1.1', port: '53', udp: true }, ['192.168.1.1:53/udp']],
    ['the original’s tcp line', [], { ip: '192.168.1.1', tcp: true }, ['192.168.1.1/tcp']],
    ['both protocols', [], { ip: '192.168.1.1', port: '53', udp: true, tcp: true }, ['192.168.1.1:53']],
    ['IPv6', [], { ip: '::1', port: '53', tcp: true }, ['[::1]:53/tcp']],
    ['IPv6 in brackets', [], { ip: '[::1]', port: '53' }, ['[::1]:53']],
    ['a network', [], { ip: '10.0.0.0/8', port: '53', udp: true }, ['10.0.0.0/8:53/udp']],
    ['an IPv6 network', [], { ip: 'fd00::/8', tcp: true }, ['[fd00::/8]/tcp']],
    ['a name', [], { ip: 'example.org', port: '80-90' }, ['example.org:80-90']],
    ['any host', [], { port: '53', udp: true }, [':53/udp']],
    ['any host, any port', [], { udp: true }, [':/udp']],
    ['beside positional targets', ['a.org:1'], { port: '53', udp: true }, ['a.org:1', ':53/udp']],
    [
      'protocol alone is said of the positional',
      ['a.org:1', '9.9.9.9/icmp'],
      { tcp: true },
      ['a.org:1/tcp', '9.9.9.9/icmp'],
    ],
    ['both protocols change no positional', ['a.org:1'], { tcp: true, udp: true }, ['a.org:1']],
  ])('%s', (_name, positional, flags, texts) => {
    const result = targetTexts(positional, flags);
    expect(result).toEqual(texts);
    expect(() => result.forEach(text => parseTarget(text))).not.toThrow();
  });
});
