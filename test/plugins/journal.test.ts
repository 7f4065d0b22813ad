import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journal } from 'ptrap/plugins';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encode } from '../../plugins/journal/encode.js';
import { entryOf, fields } from '../../plugins/journal/fields.js';
import type { Sighting } from '../../src/events.js';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { hostileText } from '../fuzz/generator.js';
import { open } from '../plugin/open.js';
import { decode } from './journal-entry.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const entry = (sighting: Sighting) => decode(encode(entryOf(sighting, 6)));
const textOf = (sighting: Sighting) => entry(sighting)['MESSAGE']?.[0];

describe('an entry', () => {
  it('has a field for all that is known', () => {
    const sighting = sightingOf(7, dig);
    expect(entry(sighting)).toEqual({
      MESSAGE: ['dig[991] alice cron.service → 192.168.1.1:53/udp'],
      PRIORITY: ['6'],
      SYSLOG_IDENTIFIER: ['ptrap'],
      MESSAGE_ID: ['547c8e548188463f8268f6e01262c38a'],
      PTRAP_ID: ['k3v9qa-7'],
      PTRAP_INSTANCE: ['k3v9qa'],
      PTRAP_TARGET: ['192.168.1.1:53/udp'],
      PTRAP_COUNT: ['1'],
      PTRAP_STATUS: ['resolved'],
      PTRAP_GRADE: ['exact'],
      PTRAP_PROTOCOL: ['udp'],
      PTRAP_SRC: ['10.0.0.2'],
      PTRAP_SRC_PORT: ['40001'],
      PTRAP_DST: ['192.168.1.1'],
      PTRAP_DST_PORT: ['53'],
      PTRAP_PID: ['991'],
      PTRAP_COMM: ['dig'],
      PTRAP_UID: ['1000'],
      PTRAP_USER: ['alice'],
      PTRAP_UNIT: ['cron.service'],
      PTRAP_EXE: ['/usr/bin/dig'],
      PTRAP_CMDLINE: ['dig example.org'],
      PTRAP_SIGHTING: [JSON.stringify(sighting)],
    });
  });

  it('has a field once for each process, and the same value once', () => {
    const shared = entry(sightingOf(1, dig, { ...dig, pid: 992 }));
    expect(shared['PTRAP_PID']).toEqual(['991', '992']);
    expect(shared['PTRAP_EXE']).toEqual(['/usr/bin/dig']);
  });

  it('tells of a sender that has no name what is known of it, and why', () => {
    const gone = entry(sightingOf(1));
    expect(gone).toMatchObject({
      MESSAGE: ['unknown process (exited) → 192.168.1.1:53/udp'],
      PTRAP_STATUS: ['unresolved'],
      PTRAP_REASON: ['exited'],
      PTRAP_UID: ['1000'],
    });
    expect(Object.keys(gone)).not.toContain('PTRAP_PID');

    const { uid, user, cgroup, unit, container } = dig;
    const known = entry({
      ...sightingOf(1),
      resolution: {
        status: 'resolved',
        via: 'nft',
        grade: 'cgroup',
        latencyMs: 0.4,
        inode: null,
        processes: [],
        sender: { uid, user, cgroup, unit, container },
      },
    });
    expect(known).toMatchObject({
      MESSAGE: ['unknown process (cgroup) alice cron.service → 192.168.1.1:53/udp'],
      PTRAP_GRADE: ['cgroup'],
      PTRAP_UID: ['1000'],
      PTRAP_USER: ['alice'],
      PTRAP_UNIT: ['cron.service'],
    });
  });

  it('reads well for IPv6, without ports, and for many', () => {
    const sighting = sightingOf(1, dig);
    const to = (flow: Partial<Sighting['flow']>, count = 1) =>
      textOf({ ...sighting, count, flow: { ...sighting.flow, ...flow } })?.split(' → ')[1];
    expect(to({ family: 'ipv6', dst: { address: '2001:db8::1', port: 53 } })).toBe('[2001:db8::1]:53/udp');
    expect(to({ family: 'ipv6', protocol: 'icmpv6', dst: { address: 'fe80::1' } })).toBe('fe80::1/icmpv6');
    expect(to({}, 12)).toBe('192.168.1.1:53/udp (12 times)');
  });

  it('fits into a datagram, however much a sighting holds, and says what it lacks', () => {
    const long = 'x'.repeat(4000);
    const nasty = '\u001b'.repeat(4096);
    const ancestors = Array.from({ length: 100 }, (_, pid) => ({ pid, comm: 'sh', argv: [long] }));
    const process = { ...dig, argv: [long], exe: `/${long}`, ancestors };
    const held = Array.from({ length: 30 }, (_, pid) => ({ ...process, pid, argv: [nasty], cwd: nasty }));
    for (const sighting of [sightingOf(1, process), sightingOf(1, ...held)]) {
      const noted = { ...sighting, notes: { dns: { text: 'y'.repeat(60_000) } } };
      const bytes = encode(entryOf(noted, 6));
      expect(bytes.length).toBeLessThan(200_000);
      const fit = decode(bytes);
      const kept = JSON.parse(fit['PTRAP_SIGHTING']![0]!) as Sighting;
      expect(kept).toMatchObject({ id: sighting.id, flow: sighting.flow });
      expect(fit['PTRAP_LEFT_OUT']?.[0]).toBe("ancestors' arguments");
    }
    const one = entry(sightingOf(1, process));
    expect(one['PTRAP_LEFT_OUT']).toEqual(["ancestors' arguments"]);
    expect(one['PTRAP_EXE']).toEqual([`/${long}`]);
  });

  it('holds hostile names as they are, and no field that they made up', () => {
    const known = new Set([...Object.keys(fields), ...Object.keys(entry(sightingOf(1))), 'PTRAP_LEFT_OUT']);
    const samples = [
      'dig',
      '\nPTRAP_PID=1\nMESSAGE=x',
      'MESSAGE\n\u0001\0\0\0\0\0\0\0x\n',
      '=',
      '\n_UID=0\n',
    ];
    let different = 0;
    for (const text of hostileText(samples, 300)) {
      const {
        PTRAP_COMM: comm = [''],
        PTRAP_EXE: exe = [''],
        ...rest
      } = entry(sightingOf(1, { ...dig, comm: text, exe: text, argv: [text], unit: text, user: text }));
      // what is no Unicode is written as U+FFFD, as everywhere
      expect([comm[0], exe[0]]).toEqual([text, text].map(value => Buffer.from(value).toString()));
      expect(Object.keys(rest).filter(name => !known.has(name))).toEqual([]);
      expect(rest['PTRAP_PID']).toEqual(['991']);
      expect(/[\p{Cc}\p{Cf}]/u.test(rest['MESSAGE']![0]! + rest['PTRAP_SIGHTING']![0]!)).toBe(false);
      if (text !== 'dig') different += 1;
    }
    expect(different).toBeGreaterThan(200);
  });
});

describe('journal', () => {
  /** Perl listens as journald does, and prints what comes as hex text, a line each. */
  const LISTENER = `
    use IO::Socket::UNIX; $| = 1;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
    print "\\n";
    while (defined $socket->recv(my $entry, 1 << 20)) { print unpack("H*", $entry), "\\n" }`;

  async function listen(path: string) {
    const entries: Record<string, string[]>[] = [];
    const child = spawn('perl', ['-e', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('latin1').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop()!;
      entries.push(...lines.filter(Boolean).map(line => decode(Buffer.from(line, 'hex'))));
    });
    await once(child.stdout, 'data');
    const close = async () => {
      child.kill();
      await once(child, 'exit');
      await rm(path);
    };
    return { entries, child, close };
  }

  it('sends an entry for each sighting, with the priority that it is given', async () => {
    const path = join(folder, 'socket');
    const { entries, close } = await listen(path);
    const { host, failures, logged } = await open(journal({ socket: path, priority: 'warning' }));
    const dispatch = openDispatch(host.sinks);
    for (let number = 1; number <= 100; number += 1) dispatch.deliver(sightingOf(number, dig));
    await dispatch.drain(5000);
    await host[Symbol.asyncDispose]();
    await expect.poll(() => entries.length).toBe(100);
    expect(entries.map(fields => fields['PTRAP_ID']?.[0])).toEqual(
      Array.from({ length: 100 }, (_, index) => `k3v9qa-${index + 1}`),
    );
    expect(entries[0]?.['PRIORITY']).toEqual(['4']);
    expect([failures, logged]).toEqual([[], []]);
    await close();
  });

  it('says once that there is no journald, and goes on when there is one', async () => {
    const path = join(folder, 'socket');
    const { host, failures, logged } = await open(journal({ socket: path }));
    expect(logged).toEqual([`journal: sightings do not get into the journal: ${path}: nobody listens there`]);
    const deliver = async (...numbers: number[]) => {
      const dispatch = openDispatch(host.sinks);
      for (const number of numbers) dispatch.deliver(sightingOf(number, dig));
      await dispatch.drain(5000);
    };
    await deliver(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const { entries, close } = await listen(path);
    await deliver(10);
    await expect.poll(() => entries.length).toBe(1);
    expect(logged.slice(1)).toEqual(['journal: the journal takes sightings again; 9 are not in it']);

    await close();
    await deliver(11);
    expect(logged[2]).toContain('sightings do not get into the journal');
    await host[Symbol.asyncDispose]();
    expect(logged.slice(3)).toEqual(['journal: 1 is not in the journal']);
    expect(failures).toEqual([]);
  });

  it('waits for one that is behind, gives up one that takes nothing, and blocks nobody', async () => {
    const path = join(folder, 'socket');
    const { entries, child, close } = await listen(path);
    const { host, failures, logged } = await open(journal({ socket: path }));
    child.kill('SIGSTOP');
    const dispatch = openDispatch(host.sinks);
    for (let number = 1; number <= 700; number += 1) dispatch.deliver(sightingOf(number, dig));
    await expect.poll(() => logged.length, { timeout: 10_000 }).toBe(1);
    expect(logged[0]).toContain('it takes nothing');
    child.kill('SIGCONT');
    await dispatch.drain(5000);
    await host[Symbol.asyncDispose]();
    const lost = Number(/(\d+) (is|are) not in/.exec(logged[1] ?? '')?.[1]);
    await expect.poll(() => entries.length, { timeout: 10_000 }).toBe(700 - lost);
    expect(failures).toEqual([]);
    await close();
  }, 20_000);

  it('refuses options that it does not know', () => {
    expect(() => journal({ priority: 'urgent' as never })).toThrow('priority');
    expect(() => journal({ socket: 'run/journal' })).toThrow('socket');
    expect(() => journal({ sokcet: '/run/journal' } as never)).toThrow('sokcet');
  });
});
