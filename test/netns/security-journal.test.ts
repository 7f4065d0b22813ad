import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const stage = useStage();

const ARGS = ['10.77.0.2:53/udp', '--hold', 'none', '--source', 'journal'];
const SEND = 'exec 3<>/dev/udp/10.77.0.2/53; echo x >&3';
const NOBODY = 'setpriv --reuid 65534 --regid 65534 --clear-groups';

let nextPort = 6600;

/** Text as a word of a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Has a packet seen, and gives the kernel's line of it as another flow would have it. */
async function lineFor(watch: Watch, port: number): Promise<string> {
  const first = stage.shell();
  await first.do(SEND);
  await watch.sighting(found => pidsOf(found).includes(first.pid));
  const lines = await stage.namespace.must(
    `journalctl -k -o cat --no-pager | grep ptrap-${watch.ready.instance}-0:`,
  );
  return lines
    .trim()
    .split('\n')
    .at(-1)!
    .replace(/SPT=\d+/, `SPT=${port}`);
}

/** Waits until the line has come to what is sent now, and gives the source ports of all that was taken for a packet. */
async function portsSeen(watch: Watch): Promise<(number | undefined)[]> {
  const last = stage.shell();
  await last.do(SEND);
  await watch.sighting(found => pidsOf(found).includes(last.pid));
  return watch.sightings.map(({ flow }) => flow.src.port);
}

describe('a look-alike of a line of ours counts for nothing', () => {
  it.each([
    [
      'logger',
      (line: string) => `logger -u /run/systemd/journal/dev-log -p kern.debug -t kernel -- ${quote(line)}`,
    ],
    [
      'logger, by a user',
      (line: string) =>
        `chmod 666 /run/systemd/journal/dev-log; ${NOBODY} logger -u /run/systemd/journal/dev-log -p kern.debug -- ${quote(line)}`,
    ],
    ['systemd-cat', (line: string) => `printf '<7>%s\\n' ${quote(line)} | systemd-cat -t kernel -p debug`],
    [
      'the journal’s own protocol, with fields that only journald may set',
      (line: string) =>
        `printf '%s\\n' ${quote(`MESSAGE=${line}`)} _TRANSPORT=kernel SYSLOG_FACILITY=0 PRIORITY=7 | logger --journald`,
    ],
    ['/dev/kmsg', (line: string) => `printf '%s\\n' ${quote(line)} > /dev/kmsg`],
    ['/dev/kmsg, facility kern', (line: string) => `printf '<7>%s\\n' ${quote(line)} > /dev/kmsg`],
    [
      '/dev/kmsg, behind a line end and with fields of its own',
      (line: string) =>
        `printf '<7>x\\n%s\\n SUBSYSTEM=ptrap\\n _TRANSPORT=kernel\\n' ${quote(line)} > /dev/kmsg`,
    ],
    ['/dev/kmsg, with escapes', (line: string) => `printf '<7>\\x0a%s\\x00\\n' ${quote(line)} > /dev/kmsg`],
  ])('%s', async (_name, write) => {
    const watch = await stage.watch(ARGS);
    const port = (nextPort += 1);
    const line = await lineFor(watch, port);
    await stage.namespace.must(write(line));
    expect(await portsSeen(watch)).not.toContain(port);
    // it is in the journal, or else nothing has been shown
    const shown = `journalctl -o json --no-pager | grep -c 'SPT=${port}'`;
    expect(Number(await stage.namespace.must(shown))).toBeGreaterThan(0);
    const { summary, code } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 2, resolved: 2, lost: 0 });
  });

  it('what the kernel itself says of a process that bears the prefix as its name', async () => {
    const watch = await stage.watch(ARGS);
    const comm = `ptrap-${watch.ready.instance}-0:`; // as long as a comm may be
    await stage.namespace.run(
      `perl -e '$0 = ${quote(comm).replaceAll("'", '"')}; unpack("p", pack("J", 1))'`,
    );
    const lines = () => stage.namespace.must('journalctl -k -o cat --no-pager');
    const segfault = new RegExp(`${comm}\\[.*segfault`);
    await expect.poll(lines, { timeout: 10_000 }).toMatch(segfault); // journald may be a moment behind
    expect(await portsSeen(watch)).toHaveLength(1);
    const { summary } = await watch.end('SIGINT');
    expect(summary).toMatchObject({ matches: 1, resolved: 1, lost: 0 });
  });
});

describe('a packet that a user has the kernel log in a network namespace of his own', () => {
  /** Sends packets with these commands behind a rule with our prefix, where both ends have the addresses of ours. */
  async function forge(watch: Watch, flags: string, send: string): Promise<void> {
    const rule = `log prefix "ptrap-${watch.ready.instance}-0: " level debug ${flags}`;
    const commands = [
      'ip link set lo up',
      'ip addr add 10.77.0.1/32 dev lo',
      'ip addr add 10.77.0.2/32 dev lo',
      `nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }; add rule inet t o udp dport 53 ${rule}'`,
      send,
    ];
    await stage.namespace.must(
      `${NOBODY} unshare --user --map-root-user --net bash -ec ${quote(commands.join('; '))}`,
    );
  }

  it.each(['flags skuid', ''])('is passed over, and told of (%s)', async flags => {
    const watch = await stage.watch(ARGS);
    await forge(watch, flags, 'for i in {1..50}; do echo x > /dev/udp/10.77.0.2/53; done');
    await watch.until('stderr', /lines in the kernel’s log look like ptrap’s and are not/);
    expect(await portsSeen(watch)).toHaveLength(1);
    const { summary, code } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 1, resolved: 1, unresolved: 0, suppressed: 0, lost: 0 });
  });

  it('is not blamed on who holds the socket here that its packet names', async () => {
    const watch = await stage.watch(ARGS);
    const victim = stage.shell();
    await victim.do(SEND);
    const { flow } = await watch.sighting(found => pidsOf(found).includes(victim.pid));
    const socket = `socket(my $s, 2, 2, 0); bind($s, pack("Sna4x8", 2, ${flow.src.port}, pack("C4", 10, 77, 0, 1)))`;
    const send = `perl -e ${quote(`${socket}; send($s, "x", 0, pack("Sna4x8", 2, 53, pack("C4", 10, 77, 0, 2))) or die`)}`;
    await forge(watch, '', send);
    await watch.until('stderr', /lines in the kernel’s log look like ptrap’s and are not/);
    expect(await portsSeen(watch)).toHaveLength(2);
    expect((await watch.end('SIGINT')).summary).toMatchObject({ matches: 2, resolved: 2, lost: 0 });
    expect(watch.sightings.filter(found => pidsOf(found).includes(victim.pid))).toHaveLength(1);
  });
});
