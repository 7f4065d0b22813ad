import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/events.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const UDP = '/dev/udp/10.77.0.2/53';
const TCP = '/dev/tcp/10.77.0.2/8080';
const NONE = ['--hold', 'none'];

/** What was seen is accounted for, in full. */
function expectBalance(
  { matches, resolved, unresolved, suppressed, lost }: Summary,
  sightings: number,
): void {
  expect(matches).toBe(resolved + unresolved + suppressed + lost);
  expect(resolved + unresolved).toBe(sightings);
  expect(lost).toBe(0);
}

describe("the original's command lines", () => {
  it('ptrap -u -i ADDRESS -p PORT -e "pstree -p -H"', async () => {
    const args = ['-u', '-i', '10.77.0.2', '-p', '53', '-e', 'pstree -p -H'];
    // pstree cuts its lines to this width
    const ptrap = stage.ptrap(args, { cwd: folder.path, env: { COLUMNS: '1000' } });
    await ptrap.until('stderr', /watching 10\.77\.0\.2:53\/udp/);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; echo x >&3`);
    await ptrap.until('stdout', /→ 10\.77\.0\.2:53\/udp/);
    // the whole machine's tree, down to the sender
    await ptrap.until('stdout', new RegExp(`\\w\\(1\\)[^]*bash\\(${sender.pid}\\)`));
    const { code, stdout } = await ptrap.end('SIGINT');
    expect(code).toBe(0);
    expect(stdout).toContain(`bash[${sender.pid}]`);
    expect(stdout).not.toContain('\u001b');
  });

  it('ptrap -t -c -i ADDRESS -e "ps -o comm=", with -s, -n and -v', async () => {
    const ptrap = stage.ptrap(
      ['-t', '-c', '-i', '10.77.0.2', '-e', 'ps -o comm=', '-s', '80', '-n', '7', '-v', '--output', 'quiet'],
      { cwd: folder.path },
    );
    await ptrap.until('stderr', /nft> add rule inet ptrap_\w+ out .*limit|packets are not held/);
    await ptrap.until('stderr', /packets are not held|netem delay 80ms/);
    const bash = `${folder.path}/nightly`;
    await stage.namespace.must(`cp /bin/bash ${bash}`);
    const sender = stage.shell({ file: bash });
    // nothing says in quiet that it is ready: until the first is seen, try again
    while (!ptrap.stdout().includes('nightly')) {
      await sender.do(`exec 3<>${TCP}; echo x >&3`);
      await new Promise(next => setTimeout(next, 50));
    }
    const { code, stdout, stderr } = await ptrap.end('SIGTERM');
    expect(code).toBe(0);
    expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['nightly']));
    expect(stderr).toMatch(/\$ journalctl -f -k/);
    expect(stderr).toMatch(/limit rate 7\/minute burst 7 packets/);
    expect(stderr).toMatch(/tcp flags/);
  });
});

describe('--exec', () => {
  it('appends the PID as the last argument and tells the rest in PTRAP_*', async () => {
    const command = `f() { echo "$# arguments: $*"; env | grep ^PTRAP_; }; f one`;
    const watch = await stage.watch(['10.77.0.2:53/udp', ...NONE, '-e', command]);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; echo x >&3`);
    const { id, at, flow } = await watch.sighting(() => true);
    await watch.until('stderr', /PTRAP_USER=/);
    const { stdout, stderr } = await watch.end('SIGINT');
    const said = stderr.trim().split('\n');
    expect(said).toEqual(
      expect.arrayContaining([
        `2 arguments: one ${sender.pid}`,
        `PTRAP_ID=${id}`,
        `PTRAP_AT=${at}`,
        `PTRAP_INSTANCE=${watch.ready.instance}`,
        'PTRAP_TARGET=10.77.0.2:53/udp',
        'PTRAP_COUNT=1',
        'PTRAP_PROTOCOL=udp',
        'PTRAP_SRC=10.77.0.1',
        `PTRAP_SPORT=${flow.src.port}`,
        'PTRAP_DST=10.77.0.2',
        'PTRAP_DPORT=53',
        `PTRAP_PID=${sender.pid}`,
        `PTRAP_PPID=${process.pid}`,
        'PTRAP_COMM=bash',
        `PTRAP_CWD=${process.cwd()}`,
        'PTRAP_UID=0',
        'PTRAP_USER=root',
      ]),
    );
    // what a command prints is no event: stdout carries JSON alone
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });

  it('never holds up the next match', async () => {
    const go = `${folder.path}/go`;
    const command = `f() { while [ ! -e ${go} ]; do sleep 0.05; done; echo released $1; }; f`;
    const watch = await stage.watch(['10.77.0.2:53/udp', ...NONE, '-e', command]);
    const senders = Array.from({ length: 5 }, () => stage.shell());
    for (const sender of senders) await sender.do(`exec 3<>${UDP}; echo x >&3`);
    await watch.when(() => (watch.sightings.length === 5 ? true : undefined));
    expect(watch.sightings.flatMap(pidsOf)).toEqual(senders.map(({ pid }) => pid));
    expect(watch.stderr()).not.toContain('released');
    await writeFile(go, '');
    for (const { pid } of senders) await watch.until('stderr', new RegExp(`released ${pid}$`, 'm'));
    await watch.end('SIGINT');
  });

  it('says how a command failed, and goes on', async () => {
    const watch = await stage.watch(['10.77.0.2:53/udp', ...NONE, '-e', 'no-such-command']);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; echo x >&3`);
    await watch.until('stderr', /exec: `no-such-command` for PID \d+ ended with exit code 127/);
    await sender.do('echo x >&3');
    await watch.when(() => watch.sightings[1]);
    await watch.end('SIGINT');
  });
});

describe('-c', () => {
  const talk = `exec 3<>${TCP}; for i in 1 2 3; do echo $i >&3; read -r -u 3; done`;

  it('is one sighting for each tcp connection, however much it says', async () => {
    const watch = await stage.watch(['-c', '10.77.0.2:8080/tcp', ...NONE]);
    const [first, second] = [stage.shell(), stage.shell()];
    await first.do(talk);
    await second.do(talk);
    await watch.sighting(found => pidsOf(found).includes(second.pid));
    const { summary } = await watch.end('SIGINT');
    expect(watch.sightings.map(pidsOf)).toEqual([[first.pid], [second.pid]]);
    expect(watch.sightings.map(({ flow }) => flow.tcpFlags)).toEqual([['SYN'], ['SYN']]);
    expect(summary).toMatchObject({ matches: 2, resolved: 2, suppressed: 0 });
  });

  it('without it every packet counts', async () => {
    const watch = await stage.watch(['10.77.0.2:8080/tcp', ...NONE]);
    const sender = stage.shell();
    await sender.do(talk);
    await watch.when(() => watch.sightings[3]);
    expect(watch.sightings.flatMap(pidsOf).every(pid => pid === sender.pid)).toBe(true);
    expect(watch.sightings.some(({ flow }) => flow.tcpFlags?.includes('PSH'))).toBe(true);
    await watch.end('SIGINT');
  });
});

describe('-n', () => {
  it('is a limit for one connection; the rest is counted', async () => {
    const watch = await stage.watch(['-n', '3', '10.77.0.2:53/udp', ...NONE]);
    const [first, second] = [stage.shell(), stage.shell()];
    await first.do(`exec 3<>${UDP}; for i in {1..10}; do echo x >&3; done`);
    await second.do(`exec 3<>${UDP}; for i in {1..10}; do echo x >&3; done`);
    await watch.when(() => watch.sightings.filter(found => pidsOf(found).includes(second.pid))[2]);
    const { summary } = await watch.end('SIGINT');
    expect(watch.sightings.flatMap(pidsOf)).toEqual([
      ...Array<number>(3).fill(first.pid),
      ...Array<number>(3).fill(second.pid),
    ]);
    expect(summary).toMatchObject({ matches: 20, resolved: 6, suppressed: 14 });
    expectBalance(summary!, 6);
  });

  it('with --limit-per process is one for all connections of a process', async () => {
    const watch = await stage.watch([
      '-n',
      '2',
      '--limit-per',
      'process',
      '10.77.0.2:53/udp',
      '10.77.0.2:8080/tcp',
      '-c',
      ...NONE,
    ]);
    const [first, second] = [stage.shell(), stage.shell()];
    const three = `exec 3<>${UDP} 4<>${UDP} 5<>${UDP}; for fd in 3 4 5; do echo x >&$fd; done; exec 6<>${TCP}`;
    await first.do(three);
    await second.do(three);
    await watch.when(() => watch.sightings[3]);
    const { summary } = await watch.end('SIGINT');
    expect(watch.sightings.map(pidsOf)).toEqual([[first.pid], [first.pid], [second.pid], [second.pid]]);
    expect(summary).toMatchObject({ matches: 8, resolved: 4, suppressed: 4 });
    expectBalance(summary!, 4);
  });

  it('with --limit-per executable is one for all processes of a program', async () => {
    const watch = await stage.watch(['-n', '2', '--limit-per', 'executable', '10.77.0.2:53/udp', ...NONE]);
    const other = `${folder.path}/other`;
    await stage.namespace.must(`cp /bin/bash ${other}`);
    const senders = [stage.shell(), stage.shell(), stage.shell(), stage.shell({ file: other })];
    for (const sender of senders) await sender.do(`exec 3<>${UDP}; echo x >&3`);
    await watch.sighting(found => pidsOf(found).includes(senders[3]!.pid));
    const { summary } = await watch.end('SIGINT');
    expect(watch.sightings.map(pidsOf)).toEqual([0, 1, 3].map(index => [senders[index]!.pid]));
    expectBalance(summary!, 3);
  });

  it('with --limit-per none is none', async () => {
    const watch = await stage.watch(['-n', '2', '--limit-per', 'none', '10.77.0.2:53/udp', ...NONE]);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; for i in {1..60}; do echo x >&3; done`);
    await watch.when(() => watch.sightings[59]);
    const { summary } = await watch.end('SIGINT');
    expect(summary).toMatchObject({ matches: 60, resolved: 60, suppressed: 0 });
    expectBalance(summary!, 60);
  });
});

describe('an end by itself', () => {
  it('--count: after exactly so many sightings', async () => {
    const watch = await stage.watch(['--count', '2', '10.77.0.2:53/udp', ...NONE]);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; for i in {1..6}; do echo x >&3; done`);
    const { code, summary } = await watch.end();
    expect(code).toBe(0);
    expect(watch.sightings).toHaveLength(2);
    expect(summary).toMatchObject({ reason: 'count', resolved: 2, unresolved: 0 });
    expectBalance(summary!, 2);
  });

  it('--for: after that time; --fail-on-match is content when nothing came', async () => {
    const watch = await stage.watch(['--for', '1s', '--fail-on-match', '10.77.0.2:53/udp', ...NONE]);
    const { code, summary } = await watch.end();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ reason: 'for', matches: 0 });
  });

  it('--fail-on-match: exit code 10 when something came', async () => {
    const watch = await stage.watch(['--count', '1', '--fail-on-match', '10.77.0.2:53/udp', ...NONE]);
    await stage.shell().do(`exec 3<>${UDP}; echo x >&3`);
    const { code, summary } = await watch.end();
    expect(code).toBe(10);
    expect(summary).toMatchObject({ reason: 'count', matches: 1 });
  });
});

describe('--output', () => {
  it('pretty: a line and the tree on stdout, the rest on stderr', async () => {
    const ptrap = stage.ptrap(['watch', '10.77.0.2:53/udp', '--no-config', '--count', '1', ...NONE]);
    await ptrap.until('stderr', /^ptrap: watching 10\.77\.0\.2:53\/udp \(journal, [\d.]+ ms; no hold\)$/m);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; echo x >&3`);
    const { code, stdout, stderr } = await ptrap.end();
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  bash\\[${sender.pid}\\]  root  10\\.77\\.0\\.1:\\d+ → 10\\.77\\.0\\.2:53/udp$`,
      ),
    );
    expect(lines[1]).toMatch(/^ {2}\S+\[1\]/);
    expect(lines.at(-1)).toMatch(new RegExp(`└─ bash\\[${sender.pid}\\] bash -c`));
    expect(stderr).toMatch(/^ptrap: 1 match: 1 resolved, 0 unresolved$/m);
  });

  it('quiet: nothing but what the command prints', async () => {
    const args = ['watch', '10.77.0.2:53/udp', '--no-config', '--count', '1', '--output', 'quiet', ...NONE];
    const ptrap = stage.ptrap([...args, '-e', 'echo seen', '-v']);
    // only the trace tells that the probes are over
    await ptrap.until('stderr', /nft> delete rule/);
    const sender = stage.shell();
    await sender.do(`exec 3<>${UDP}; echo x >&3`);
    const { code, stdout, stderr } = await ptrap.end();
    expect(code).toBe(0);
    expect(stdout).toBe(`seen ${sender.pid}\n`);
    expect(stderr).not.toContain('watching');
  });
});

describe('--dry-run', () => {
  /** What only a real run can know. */
  const GROUP = /group (<free group>|\d+)/g;
  const args = [
    'watch',
    '--dry-run',
    '--no-config',
    '10.77.0.2:53/udp',
    '[fd77::2]:8000-8080/tcp',
    '10.77.0.0/24/icmp',
    '[fd77::/64]/icmpv6',
    ':9/sctp',
    '10.77.0.2',
    '-c',
    '-n',
    '5',
    '-s',
    '70',
  ];

  it('needs no privilege, changes nothing, and prints what the kernel would take', async () => {
    const { code, stdout, stderr } = await stage.ptrap(args, { asNobody: true }).end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await stage.namespace.snapshot()).toBe(stage.before());
    expect(stdout).toContain('netem delay 70ms');

    const rules = stdout.split('\n').filter(line => /^(add|insert) /.test(line));
    expect(rules.some(line => line.includes('10.77.0.2'))).toBe(true);
    const ifb = /^ip link add (\w+) type ifb$/m.exec(stdout)?.[1];
    const ruleset = `${folder.path}/ruleset.nft`;
    await writeFile(ruleset, `${rules.join('\n')}\n`.replaceAll(GROUP, 'group 4711'));
    await stage.namespace.must(
      `ip link add ${ifb} type ifb && nft -c -f - <${ruleset}; code=$?; ip link del ${ifb}; exit $code`,
    );
  });

  it('prints what a run then applies', async () => {
    const rulesOf = (text: string): string[] =>
      text
        .split('\n')
        .filter(line => /^(add|insert) /.test(line) && !line.includes('comment "probe"'))
        .map(line => line.replaceAll(/ptrap([_-])\w{6}/g, 'ptrap$1ID').replaceAll(GROUP, 'group N'));
    const real = args.filter(arg => arg !== '--dry-run');
    const dry = await stage.ptrap([...args, ...NONE]).end();
    const ptrap = stage.ptrap([...real, ...NONE, '-v']);
    await ptrap.until('stderr', /watching/);
    const { stderr } = await ptrap.end('SIGINT');
    const applied = stderr.replaceAll(/^.*nft> /gm, '').replaceAll(/; (add|insert) /g, '\n$1 ');
    expect(rulesOf(applied)).toEqual(rulesOf(dry.stdout));
    expect(rulesOf(applied).length).toBeGreaterThan(10);
  });

  it('says what it cannot know beforehand', async () => {
    const { stdout } = await stage.ptrap(['watch', '--dry-run', '--no-config', '10.77.0.2:53/udp']).end();
    expect(stdout).toContain("netem delay '<measured>ms'");
    expect(stdout).toContain('where the kernel has netem');
  });
});

it('gives help in the spelling of the original', async () => {
  const { code, stdout } = await stage.ptrap(['-h']).end();
  expect(code).toBe(0);
  expect(stdout).toContain('-u -i 192.168.1.1 -p 53 -e "pstree -p -H"');
});
