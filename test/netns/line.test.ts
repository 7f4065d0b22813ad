import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, type Sighting } from '../../src/events.js';
import { openNamespace, type Namespace } from './namespace.js';
import { pidsOf, startWatch, type Watch } from './watch.js';

/** A bash that opens a socket, sends, tells its pid and waits a moment for an answer that never comes. */
const bash = (path: string): string => `echo $$; exec 3<>/dev/${path}; echo x >&3; read -t 0.7 -u 3; :`;

/** Takes what is sent to it and answers nothing. */
const SERVER = `
  require("net").createServer(() => {}).listen(8080, "::", () => console.log("up"));
  for (const port of [53, 7001, 7002, 7003, 7005]) require("dgram").createSocket("udp6").bind(port, "::");`;

/** A node that runs a script, tells its pid, and ends with it. */
const node = (script: string): string =>
  `exec ${process.execPath} -e 'console.log(process.pid); const dgram = require("dgram"); ${script}; setTimeout(() => process.exit(), 700)'`;

describe('the real line in a network namespace, without a hold', () => {
  let namespace: Namespace;
  let before: string;
  let watch: Watch;

  beforeAll(async () => {
    namespace = await openNamespace();
    await namespace.must('sysctl -qw net.ipv4.ping_group_range="0 2147483647"');
    const far = namespace.spawn(process.execPath, ['-e', SERVER], { far: true });
    await new Promise(resolve => far.stdout!.once('data', resolve));
    before = await namespace.snapshot();
    watch = await startWatch(namespace, [
      '10.77.0.2:53/udp',
      '10.77.0.2:8080/tcp',
      '[fd77::2]:53/udp',
      '[fd77::2]:8080/tcp',
      '10.77.0.0/24/icmp',
      '[fd77::/64]/icmpv6',
      '10.77.0.2:7000-7010/udp',
      '--hold',
      'none',
    ]);
  });

  afterAll(async () => {
    await watch?.end('SIGKILL');
    await namespace[Symbol.asyncDispose]();
  });

  it('says that it is ready, as the contract has it', () => {
    expect(event.safeParse(watch.ready).error).toBeUndefined();
    expect(watch.ready).toMatchObject({
      type: 'ready',
      source: 'journal',
      hold: { strategy: 'none', delayMs: 0 },
    });
    expect(watch.ready.targets).toContain('10.77.0.0/24/icmp');
  });

  interface Case {
    name: string;
    script: string;
    target: string;
    flow: object;
    grade: string;
  }
  const v4 = { family: 'ipv4', src: { address: '10.77.0.1' }, oif: 'wan', uid: 0, gid: 0 };
  const v6 = { family: 'ipv6', src: { address: 'fd77::1' }, oif: 'wan', uid: 0, gid: 0 };
  const cases: Case[] = [
    {
      name: 'udp over IPv4',
      script: bash('udp/10.77.0.2/53'),
      target: '10.77.0.2:53/udp',
      flow: { ...v4, protocol: 'udp', dst: { address: '10.77.0.2', port: 53 }, length: 30 },
      grade: 'exact',
    },
    {
      name: 'udp over IPv6',
      script: bash('udp/fd77::2/53'),
      target: '[fd77::2]:53/udp',
      flow: { ...v6, protocol: 'udp', dst: { address: 'fd77::2', port: 53 }, length: 50 },
      grade: 'exact',
    },
    {
      name: 'tcp over IPv4',
      script: bash('tcp/10.77.0.2/8080'),
      target: '10.77.0.2:8080/tcp',
      flow: { ...v4, protocol: 'tcp', dst: { address: '10.77.0.2', port: 8080 }, tcpFlags: ['SYN'] },
      grade: 'exact',
    },
    {
      name: 'tcp over IPv6',
      script: bash('tcp/fd77::2/8080'),
      target: '[fd77::2]:8080/tcp',
      flow: { ...v6, protocol: 'tcp', dst: { address: 'fd77::2', port: 8080 }, tcpFlags: ['SYN'] },
      grade: 'exact',
    },
    {
      name: 'a port out of a range',
      script: bash('udp/10.77.0.2/7005'),
      target: '10.77.0.2:7000-7010/udp',
      flow: { dst: { address: '10.77.0.2', port: 7005 } },
      grade: 'exact',
    },
    {
      name: 'unconnected udp',
      script: node('dgram.createSocket("udp4").send("x", 7001, "10.77.0.2")'),
      target: '10.77.0.2:7000-7010/udp',
      flow: { ...v4, dst: { address: '10.77.0.2', port: 7001 } },
      grade: 'wildcard',
    },
    {
      name: 'IPv4 over an AF_INET6 socket',
      script: node('dgram.createSocket("udp6").send("x", 7002, "::ffff:10.77.0.2")'),
      target: '10.77.0.2:7000-7010/udp',
      flow: { ...v4, dst: { address: '10.77.0.2', port: 7002 } },
      grade: 'wildcard',
    },
    {
      name: 'IPv4 over a connected AF_INET6 socket',
      script: node(
        'const s = dgram.createSocket("udp6"); s.connect(7003, "::ffff:10.77.0.2", () => s.send("x"))',
      ),
      target: '10.77.0.2:7000-7010/udp',
      flow: { ...v4, dst: { address: '10.77.0.2', port: 7003 } },
      grade: 'exact',
    },
    {
      name: 'icmp',
      script: 'echo $$; exec ping -n -c 3 -i 0.3 10.77.0.2',
      target: '10.77.0.0/24/icmp',
      flow: { ...v4, protocol: 'icmp', dst: { address: '10.77.0.2' }, icmp: { type: 8, code: 0 } },
      grade: 'exact',
    },
    {
      name: 'icmpv6',
      script: 'echo $$; exec ping -6 -n -c 3 -i 0.3 fd77::2',
      target: '[fd77::/64]/icmpv6',
      flow: { ...v6, protocol: 'icmpv6', dst: { address: 'fd77::2' }, icmp: { type: 128, code: 0 } },
      grade: 'exact',
    },
  ];

  it.each(cases)('names the sender of $name', async ({ script, target, flow, grade }) => {
    const sender = namespace.must(script);
    const pid = Number((await sender).split('\n')[0]);
    const sighting = await watch.sighting(found => pidsOf(found).includes(pid) && found.target === target);
    expect(event.safeParse(sighting).error).toBeUndefined();
    expect(sighting).toMatchObject({
      type: 'sighting',
      count: 1,
      flow,
      resolution: { status: 'resolved', grade },
    });
    expect(pidsOf(sighting)).toEqual([pid]);
  });

  it('tells who the process is, with its ancestors up to PID 1', async () => {
    const pid = Number(await namespace.must(bash('udp/10.77.0.2/53')));
    const { resolution } = await watch.sighting(found => pidsOf(found).includes(pid));
    if (resolution.status !== 'resolved') throw new Error(resolution.reason);
    const [who] = resolution.processes;
    expect(who).toMatchObject({
      pid,
      comm: 'bash',
      cwd: process.cwd(),
      uid: 0,
      user: 'root',
      netns: expect.any(Number) as number,
    });
    expect(who!.exe).toMatch(/\/bash$/);
    expect(who!.argv.slice(0, 2)).toEqual(['bash', '-c']);
    expect(who!.ancestors[0]).toMatchObject({ pid: process.pid });
    expect(who!.ancestors.at(-1)).toMatchObject({ pid: 1 });
  });

  it('lists every holder of a socket that a forked child inherited', async () => {
    const script =
      'exec 3<>/dev/udp/10.77.0.2/53; sleep 1.5 >/dev/null & echo $$ $!; read -t 0.2 -u 3; echo x >&3; read -t 0.7 -u 3; :';
    const [parent, child] = (await namespace.must(script)).trim().split(' ').map(Number);
    const sighting = await watch.sighting(found => pidsOf(found).includes(parent!));
    expect(sighting.resolution).toMatchObject({ status: 'resolved', grade: 'shared' });
    expect(pidsOf(sighting)).toEqual(expect.arrayContaining([parent, child]));
  });

  it('is not misled by a decoy on the same port of another address', async () => {
    const socket = (address: string, then: string): string =>
      `${process.execPath} -e 'const s = require("dgram").createSocket("udp4"); s.bind(40123, "${address}", () => ${then})'`;
    const decoy = socket('127.0.0.1', 'setTimeout(process.exit, 2000)');
    const sender = socket('10.77.0.1', 's.send("x", 53, "10.77.0.2", () => setTimeout(process.exit, 700))');
    const pids = await namespace.must(
      `${decoy} >/dev/null & echo $!; sleep 0.5; ${sender} & echo $!; wait $!`,
    );
    const [decoyPid, senderPid] = pids.trim().split('\n').map(Number);
    const sighting = await watch.sighting(({ flow }) => flow.src.port === 40123);
    expect(pidsOf(sighting)).toEqual([senderPid]);
    expect(decoyPid).not.toBe(senderPid);
  });

  it('ignores look-alikes that others write into the journal', async () => {
    const port = 10_000 + (process.pid % 10_000);
    const real = `ptrap-${watch.ready.instance}-0: IN= OUT=wan SRC=10.77.0.1 DST=10.77.0.2 LEN=30 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=${port} DPT=53 LEN=10 UID=0 GID=0`;
    await namespace.must(
      `logger -u /run/systemd/journal/dev-log '${real}' && systemd-cat echo '${real}' && echo '<7>${real}' >/dev/kmsg`,
    );
    const written = await namespace.must(
      `journalctl --no-pager -o cat | grep -c 'DST=10.77.0.2 .* SPT=${port}'`,
    );
    expect(Number(written)).toBe(3);
    const pid = Number(await namespace.must(bash('udp/10.77.0.2/53')));
    await watch.sighting(found => pidsOf(found).includes(pid));
    expect(watch.sightings.filter(({ flow }) => flow.src.port === port)).toEqual([]);
  });

  it('reads on where it was when journalctl is killed', async () => {
    await namespace.must(`pkill -KILL -P ${watch.pid} journalctl`);
    const senders = Array.from({ length: 5 }, () => namespace.must(bash('udp/10.77.0.2/53')).then(Number));
    const pids = await Promise.all(senders);
    await Promise.all(
      pids.map(pid =>
        watch.sighting(found => pidsOf(found).includes(pid) || found.resolution.status === 'unresolved'),
      ),
    );
    const ids = watch.sightings.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const seen = watch.sightings.filter(found => pids.some(pid => pidsOf(found).includes(pid)));
    expect(seen.map(sourcePort).length).toBe(new Set(seen.map(sourcePort)).size);
  });

  it('leaves nothing behind and counts what it saw', async () => {
    const { code, summary } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ type: 'summary', reason: 'signal', lost: 0 });
    const { matches, resolved, unresolved, suppressed, lost } = summary!;
    expect(matches).toBe(resolved + unresolved + suppressed + lost);
    expect(resolved + unresolved).toBe(watch.sightings.length);
    expect(await namespace.snapshot()).toBe(before);
  });
});

function sourcePort({ flow }: Sighting): number | undefined {
  return flow.src.port;
}
