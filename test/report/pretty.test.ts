import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event, ProcessInfo, Sender, Sighting } from '../../src/events.js';
import { prettyEvent } from '../../src/report/pretty.js';
import { dig, sightingOf } from '../fixtures/report/events.js';

beforeAll(() => vi.stubEnv('TZ', 'Europe/Berlin'));
afterAll(() => vi.unstubAllEnvs());

const seen = sightingOf(17, dig);
const resolved = seen.resolution as Extract<Sighting['resolution'], { status: 'resolved' }>;
const plain = (event: Event, columns?: number) =>
  prettyEvent(event, { colour: false, ...(columns !== undefined && { columns }) });

describe('a sighting', () => {
  it('is a line and the process tree', () => {
    expect(plain(seen)).toMatchInlineSnapshot(`
      [
        "20:05:41.123  dig[991]  alice  10.0.0.2:40001 → 192.168.1.1:53/udp  cron.service",
        "  systemd[1] /sbin/init",
        "  └─ bash[990] bash /etc/cron.daily/report",
        "     └─ dig[991] dig example.org",
      ]
    `);
  });

  it('says how often, how sure, and lists every holder', () => {
    const other = {
      ...dig,
      pid: 995,
      comm: 'ssh',
      argv: ['ssh', 'a b'],
      uid: 0,
      user: null,
      container: 'f'.repeat(64),
    };
    const resolution = { ...resolved, grade: 'shared' as const, processes: [dig, other] };
    expect(plain({ ...seen, count: 4, resolution })).toMatchInlineSnapshot(`
      [
        "20:05:41.123  dig[991], ssh[995]  alice, uid 0  10.0.0.2:40001 → 192.168.1.1:53/udp  cron.service  container ffffffffffff  (all of these hold the socket)  ×4",
        "  systemd[1] /sbin/init",
        "  └─ bash[990] bash /etc/cron.daily/report",
        "     └─ dig[991] dig example.org",
        "  systemd[1] /sbin/init",
        "  └─ bash[990] bash /etc/cron.daily/report",
        "     └─ ssh[995] ssh 'a b'",
      ]
    `);
  });

  it('lists who may have sent what came over a packet socket, and names nobody', () => {
    const resolution = {
      status: 'unresolved' as const,
      reason: 'ambiguous' as const,
      latencyMs: 1,
      suspects: [dig],
    };
    const lines = plain({ ...seen, flow: { ...seen.flow, packetSocket: true }, resolution });
    expect(lines[0]).toMatch(/unknown process {2}uid 1000 .* {2}\(over a packet socket, .*\)$/);
    expect(lines.slice(1)).toEqual(['  perhaps dig[991] dig example.org']);
  });

  it('tells of a container: runtime, pod, and the pid in there', () => {
    const inside = (more: Partial<ProcessInfo>) =>
      plain({ ...seen, resolution: { ...resolved, processes: [{ ...dig, ...more }] } })[0];
    const container = 'ab'.repeat(32);
    expect(inside({ container, runtime: 'podman', nsPid: 7 })).toMatch(
      /\/udp {2}podman container abababababab \(pid 7 there\)$/,
    );
    expect(inside({ container, runtime: 'cri-o', pod: 'p-1', nsPid: 7 })).toMatch(
      / {2}cri-o container abababababab \(pod p-1, pid 7 there\)$/,
    );
    expect(inside({ container: 'my-machine-1', nsPid: 7 })).toMatch(
      / {2}container my-machine-1 \(pid 7 there\)$/,
    );
  });

  it('brackets IPv6 addresses and shows the type of ICMP', () => {
    const src = { address: '2001:db8::2', port: 5 };
    const dst = { address: '2001:db8::1', port: 443 };
    expect(
      plain({ ...seen, flow: { ...seen.flow, family: 'ipv6', protocol: 'tcp', src, dst } })[0],
    ).toContain('[2001:db8::2]:5 → [2001:db8::1]:443/tcp');
    const icmp = { type: 8, code: 0, id: 7 };
    const flow = {
      ...seen.flow,
      protocol: 'icmp',
      src: { address: '10.0.0.2' },
      dst: { address: '9.9.9.9' },
      icmp,
    };
    expect(plain({ ...seen, flow })[0]).toContain('10.0.0.2 → 9.9.9.9/icmp type 8 code 0');
  });

  it.each([
    ['exited', 'its process had exited before it could be asked for'],
    ['kernel', 'sent by the kernel itself'],
    ['forwarded', 'forwarded for another machine or a virtual one'],
    ['other-netns', 'another network namespace'],
    ['ambiguous', 'several sockets fit'],
    ['timeout', 'took too long'],
  ] as const)('without a process says why: %s', (reason, words) => {
    const lines = plain({ ...seen, resolution: { status: 'unresolved', reason, latencyMs: 1 } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('unknown process  uid 1000  10.0.0.2:40001 → 192.168.1.1:53/udp');
    expect(lines[0]).toContain(words);
  });

  it('that is known only by its user or cgroup is no process', () => {
    const alice: Sender = { uid: 1000, user: 'alice', cgroup: null, unit: null, container: null };
    const told = (grade: 'uid' | 'cgroup', known: Partial<Sender> = {}) => {
      const sender = { ...alice, ...known };
      return plain({ ...seen, resolution: { ...resolved, grade, processes: [], sender } });
    };
    expect(told('uid')).toEqual([
      expect.stringMatching(/unknown process {2}alice {2}10.* {2}\(only its user is known: .*\)$/),
    ]);
    expect(told('uid', { user: null })[0]).toContain('unknown process  uid 1000  10');
    const cgroup = '/a\u001b.slice/x.service';
    const [unit] = told('cgroup', { cgroup, unit: 'x.service' });
    expect(unit).toContain('/udp  x.service  (only its cgroup');
    const [path] = told('cgroup', { cgroup });
    expect(path).toContain('/udp  /a\\x1b.slice/x.service  (only its cgroup');
    const [container] = told('cgroup', { cgroup, container: 'f'.repeat(64) });
    expect(container).toContain('  container ffffffffffff  ');
  });

  it('shows the text of notes, a line each, and nothing else of them', () => {
    const notes = {
      dns: { text: 'example.org A', questions: [] },
      'process-tree': { tree: ['init'] },
      x: 7,
      y: null,
    };
    expect(plain({ ...seen, notes }).slice(1, 3)).toEqual([
      '  dns: example.org A',
      '  systemd[1] /sbin/init',
    ]);
    const unresolved = { status: 'unresolved', reason: 'exited', latencyMs: 1 } as const;
    expect(plain({ ...seen, notes, resolution: unresolved }).slice(1)).toEqual(['  dns: example.org A']);
    const hostile = {
      'tls\u001b[1m': { text: 'a\nb\u202e\u001b]0;x\u0007' + 'c'.repeat(500) },
      n: { text: 5 },
    };
    const [, line, ...rest] = plain({ ...seen, notes: hostile, resolution: unresolved }, 37);
    expect(line).toBe('  tls\\x1b[1m: a\\x0ab\\u{202e}\\x1b]0;x…');
    expect(rest).toEqual([]);
  });

  it('cuts arguments to the width of the terminal', () => {
    const long = { ...dig, argv: ['dig', 'x'.repeat(500)] };
    const lines = plain({ ...seen, resolution: { ...resolved, processes: [long] } }, 40);
    expect(lines.slice(1).every(line => [...line].length <= 40)).toBe(true);
    expect(lines.at(-1)).toMatch(/…$/);
  });

  it('lets no control character of a process through, coloured or not', () => {
    const evil = '\u001b]0;owned\u0007\r\nptrap: fake\u202e\u009b31m';
    const hostile: ProcessInfo = {
      ...dig,
      comm: evil,
      argv: [evil],
      user: evil,
      unit: evil,
      ancestors: [{ pid: 1, comm: evil, argv: [evil] }],
    };
    const event = { ...seen, resolution: { ...resolved, processes: [hostile] } };
    for (const colour of [false, true]) {
      // the colours themselves are the only escapes allowed
      const text = prettyEvent(event, { colour })
        .join('')
        .replace(/\u001b\[\d+m/g, '');
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe('the rest', () => {
  it('ready', () => {
    const ready = {
      schema: 1,
      type: 'ready',
      instance: 'k3v9qa',
      pid: 4242,
      source: 'journal',
      sourceLatencyMs: 9.13,
    } as const;
    const targets = ['192.168.1.1:53/udp', '10.0.0.0/8'];
    expect(plain({ ...ready, targets, hold: { strategy: 'netem', delayMs: 60 } })).toMatchInlineSnapshot(`
      [
        "ptrap: watching 192.168.1.1:53/udp, 10.0.0.0/8 (journal, 9.1 ms; held 60 ms by netem)",
      ]
    `);
    expect(plain({ ...ready, targets, hold: { strategy: 'none', delayMs: 0 } })).toMatchInlineSnapshot(`
      [
        "ptrap: watching 192.168.1.1:53/udp, 10.0.0.0/8 (journal, 9.1 ms; no hold)",
      ]
    `);
  });

  it('summary', () => {
    const summary = { schema: 1, type: 'summary', instance: 'k3v9qa', reason: 'signal' } as const;
    const counts = { matches: 22, resolved: 17, unresolved: 1, suppressed: 3, lost: 1 };
    expect(plain({ ...summary, ...counts })).toMatchInlineSnapshot(`
      [
        "ptrap: 22 matches: 17 resolved, 1 unresolved, 3 suppressed, 1 lost",
      ]
    `);
    expect(plain({ ...summary, ...counts, matches: 1, suppressed: 0, lost: 0 })).toMatchInlineSnapshot(`
      [
        "ptrap: 1 match: 17 resolved, 1 unresolved",
      ]
    `);
  });

  it('has colours only when told so', () => {
    expect(prettyEvent(seen, { colour: true })[0]).toContain('\u001b[1m\u001b[32mdig[991]');
    expect(plain(seen).join('')).not.toContain('\u001b');
  });
});
