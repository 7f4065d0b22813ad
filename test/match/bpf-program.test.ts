import { describe, expect, it } from 'vitest';
import { buildProgram, type Via } from '../../src/match/bpf/program.js';
import { parseTarget } from '../../src/target/parse.js';
import type { Network, ResolvedTarget } from '../../src/target/target.js';

function resolved(text: string, networks?: readonly Network[]): ResolvedTarget {
  const target = parseTarget(text);
  const own = target.host.kind === 'network' ? [target.host.network] : ('any' as const);
  return { ...target, networks: networks ?? own };
}

function program(
  targets: readonly ResolvedTarget[],
  options: { via?: Via; newConnections?: boolean } = {},
): string {
  return buildProgram({
    targets,
    probe: { address: '127.1.2.3', port: 4567 },
    newConnections: false,
    netns: 4026531840,
    via: 'fentry',
    ...options,
  });
}

const heads = (text: string): string[] => [...text.matchAll(/^([a-z_]+:\S+)/gm)].map(([, head]) => head!);

describe('the program for bpftrace', () => {
  it('looks only at functions that can send to the targets', () => {
    expect(heads(program([resolved('192.168.1.1:53/udp')]))).toEqual(['kretfunc:udp_sendmsg']);
    expect(heads(program([resolved('[2001:db8::1]:443/tcp')]))).toEqual([
      'kretfunc:tcp_v6_connect',
      'kfunc:tcp_sendmsg_locked',
      'kretfunc:udp_sendmsg',
      'interval:s:10',
    ]);
    expect(heads(program([resolved('9.9.9.9/icmp')]))).toEqual([
      'kretfunc:udp_sendmsg',
      'kretfunc:ping_v4_sendmsg',
      'kretfunc:raw_sendmsg',
    ]);
  });

  it('tells of new connections only when asked to', () => {
    expect(program([resolved('10.0.0.1:80/tcp')], { newConnections: true })).not.toContain('tcp_sendmsg');
    const text = program([resolved('10.0.0.1:80/tcp')], { newConnections: true, via: 'tracepoint' });
    expect(text).toContain('if ($protocol == 6) { return; }');
  });

  it('compares addresses as they lie in memory, and ports in host order', () => {
    const text = program([resolved('10.0.0.0/9:1000-2000/udp'), resolved('[2001:db8::]/33:53/udp')]);
    expect(text).toContain(
      'if ($inet == 4 && ((($d0 & 0x80ff) == 0xa)) && ($protocol == 17) && $dport >= 1000 && $dport <= 2000) { $tag = 1; }',
    );
    expect(text).toContain(
      'if ($inet == 6 && (($d0 == 0xb80d0120 && ($d1 & 0x80) == 0x0)) && ($protocol == 17) && $dport == 53) { $tag = 2; }',
    );
    expect(text).toContain(
      'if ($inet == 4 && (($d0 == 0x302017f)) && ($protocol == 17) && $dport == 4567) { $tag = 3; }',
    );
  });

  it('gives the first of the targets that a call goes to the last word', () => {
    const text = program([resolved('10.0.0.1:53/udp'), resolved('10.0.0.0/8:53/udp')]);
    expect(text.indexOf('$tag = 2;')).toBeLessThan(text.indexOf('$tag = 1;'));
  });

  it('matches nothing for a name that has no address yet', () => {
    const name = { ...resolved('example.org:53/udp', []), set: 'name0' };
    expect(program([name])).toContain('if ($inet == 4 && 0 && ($protocol == 17)');
  });

  it('has nothing in it of what a user wrote but numbers', () => {
    const texts = (['fentry', 'kprobe', 'tracepoint'] as const).map(via =>
      program([{ ...resolved('example.org:53/udp', []), set: 'evil"); system("x' }], { via }),
    );
    for (const text of texts) expect(text).not.toMatch(/example|evil|system\(/);
  });
});
