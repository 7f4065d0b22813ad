import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { parseArgv } from '../../src/resolve/process.js';
import { parseStat } from '../../src/sys/stat.js';
import { useFolder } from './folder.js';
import { eventDrops, listeners } from './process-events.js';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const stage = useStage();
const folder = useFolder();

const NFLOG = ['--source', 'nflog', '--hold', 'none', '--limit-per', 'none', '10.77.0.2:53/udp'];

/** Tells who it is, stops itself, sends one packet and ends. */
const SENDER = 'read -r stat </proc/$$/stat; echo "$stat"; kill -STOP $$; echo x >/dev/udp/10.77.0.2/53';
/** The same, and its parent has ended by then. */
const ORPHAN = `while [ -e /proc/$parent ]; do :; done; ${SENDER}`;
const ORPHAN_ARGV = ['bash', '-c', ORPHAN];
/** The parent: it waits for nobody, but lives for long enough to be read. */
const LEAVER = 'parent=$$ "$@" & sleep 0.3; :';

/** Where it is not proven who sent: the user, or the cgroup that the tests themselves run in. */
const UNNAMED = /^(uid|cgroup)$/;

/** A user for each attempt: only where nobody else can have sent is it proven who did. */
let user = 54_000;

/** A sender of a user of its own which is gone before ptrap can look, and what was seen of it. */
async function sendAndEnd(watch: Watch, { orphaned = false } = {}) {
  user += 1;
  const uid = user;
  const become = ['setpriv', `--reuid=${uid}`, '--clear-groups'];
  const child = orphaned
    ? stage.namespace.spawn('bash', ['-c', LEAVER, 'leaver', ...become, ...ORPHAN_ARGV])
    : stage.namespace.spawn(become[0]!, [...become.slice(1), 'bash', '-c', SENDER]);
  const closed = once(child, 'close');
  const line = await firstLine(createInterface(child.stdout!));
  const sender = { pid: parseInt(line, 10), ...parseStat(line)! };
  await expect.poll(() => isStopped(sender.pid)).toBe(true);
  watch.kill('SIGSTOP');
  process.kill(sender.pid, 'SIGCONT');
  await closed;
  watch.kill('SIGCONT');
  const found = await watch.sighting(({ flow }) => flow.uid === uid);
  return { child, sender, found };
}

function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T ');
}

async function firstLine(lines: Interface): Promise<string> {
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}

/** Sends until the table has been complete for long enough to prove who sent, and there was time to read who that is. */
async function sendUntilProven(watch: Watch, options?: { orphaned: boolean }) {
  for (;;) {
    const sent = await sendAndEnd(watch, options);
    const { resolution } = sent.found;
    if (resolution.status === 'unresolved') throw new Error(resolution.reason);
    if (resolution.grade !== 'history') expect(resolution.grade).toMatch(UNNAMED);
    else if (resolution.processes.every(wasRead)) return sent;
  }
}

/** On a busy machine not all that begins is read, which ptrap says. */
function wasRead({ argv, ancestors }: ProcessInfo): boolean {
  return argv.length > 0 && ancestors[0]?.comm !== '';
}

function onlyProcess({ resolution }: Sighting): ProcessInfo {
  expect(resolution).toMatchObject({ status: 'resolved', grade: 'history', via: 'process-table' });
  expect(pidsOf({ resolution } as Sighting)).toHaveLength(1);
  return (resolution as { processes: ProcessInfo[] }).processes[0]!;
}

/** A living process and all before it, as ancestors are told. */
function lineOf(pid: number): ProcessInfo['ancestors'] {
  if (pid === 0) return [];
  const { comm, ppid } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
  const argv = parseArgv(readFileSync(`/proc/${pid}/cmdline`, 'utf8').slice(0, 4096));
  return [{ pid, comm, argv }, ...lineOf(ppid)];
}

describe('a sender that has ended', () => {
  it('is told from history, with all who stand behind it', async () => {
    const watch = await stage.watch(NFLOG);
    const { sender, found } = await sendUntilProven(watch);
    expect(onlyProcess(found)).toMatchObject({
      pid: sender.pid,
      startTime: sender.startTime,
      ppid: process.pid,
      uid: user,
      comm: 'bash',
      argv: ['bash', '-c', SENDER],
      ancestors: lineOf(process.pid),
    });
  });

  it('also where its parent had ended before', async () => {
    const watch = await stage.watch(NFLOG);
    const { child, sender, found } = await sendUntilProven(watch, { orphaned: true });
    const { ancestors, ...named } = onlyProcess(found);
    const { pid, startTime } = sender;
    expect(sender.ppid).not.toBe(child.pid);
    expect(named).toMatchObject({ pid, startTime, ppid: child.pid, argv: ORPHAN_ARGV });
    expect(ancestors[0]).toMatchObject({ pid: child.pid, comm: 'bash' });
    expect(ancestors[0]!.argv.slice(0, 2)).toEqual(['bash', '-c']);
    expect(ancestors.slice(1)).toEqual(lineOf(process.pid));
  });

  it('is known by its user alone without a process table, which a living one does not need', async () => {
    const watch = await stage.watch(['--no-process-table', ...NFLOG]);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.sighting(found => pidsOf(found).includes(sender.pid));
    const { found } = await sendAndEnd(watch);
    expect(found.resolution).toMatchObject({ via: 'nft', processes: [], sender: { uid: user } });
  });
});

describe('a sender that has just begun', () => {
  it('is named, each of very many', async () => {
    const watch = await stage.watch(NFLOG);
    const sender = stage.shell();
    const count = 150;
    const begin = `bash -c 'exec 3<>/dev/udp/10.77.0.2/53; echo x >&3; kill -STOP $$' &`;
    const isStopped = 'until read -r stat </proc/$!/stat; [[ $stat == *") T "* ]]; do :; done';
    const told = await sender.do(
      `pids=(); for i in {1..${count}}; do ${begin} pids+=($!); ${isStopped}; done; echo "\${pids[@]}"`,
    );
    await watch.when(() => watch.sightings[count - 1]);
    await sender.do('kill -KILL "${pids[@]}"');
    const pids = told.trim().split(' ').map(Number);
    expect(watch.sightings.map(pidsOf)).toEqual(pids.map(pid => [pid]));
  });

  it('is not mistaken for another while a thousand processes begin and end every second', async () => {
    const watch = await stage.watch(NFLOG);
    const count = 300;
    const [told] = await Promise.all([
      stage.namespace.must(`perl test/senders/brief.pl 10.77.0.2 53 ${count}`),
      stage.namespace.must('perl test/senders/forks.pl 1000 4'),
    ]);
    await watch.when(() => watch.sightings[count - 1]);
    const senders = new Map<number, number[]>(); // a port may come back
    for (const [pid, port] of told
      .trim()
      .split('\n')
      .map(line => line.split(' ').map(Number)))
      senders.set(port!, [...(senders.get(port!) ?? []), pid!]);
    const named = watch.sightings.filter(found => pidsOf(found).length > 0);
    for (const found of named) {
      const candidates = senders.get(found.flow.src.port!) ?? [];
      expect(pidsOf(found)).toHaveLength(1);
      expect(candidates).toEqual(expect.arrayContaining(pidsOf(found)));
    }
    expect(named.length).toBeGreaterThan(0);
    expect((await watch.end('SIGINT')).summary).toMatchObject({ matches: count, lost: 0 });
  });
});

describe('what has happened just before', () => {
  it('leaves no process its former name', async () => {
    const watch = await stage.watch(NFLOG);
    await sendUntilProven(watch);
    await copyFile('/bin/bash', `${folder.path}/other`);
    const sender = stage.shell();
    const namesOf = () =>
      watch.sightings
        .filter(found => pidsOf(found).includes(sender.pid))
        .flatMap(({ resolution }) => (resolution as { processes: ProcessInfo[] }).processes)
        .map(({ comm, exe }) => `${comm} ${exe}`);
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.when(() => namesOf()[0]);
    await sleep(100); // what was read for the first is read anew for the second, and is good for the third
    await sender.do('echo x >&3');
    await watch.when(() => namesOf()[1]);
    const other = `${folder.path}/other`;
    await sender.do(`exec ${other} -c 'echo x >&3; echo "<ended 0>"; read'`);
    await watch.when(() => namesOf()[2]);
    expect(namesOf()).toEqual(['bash /usr/bin/bash', 'bash /usr/bin/bash', `other ${other}`]);
  });

  it('hides no child that sends on what it has from its parent', async () => {
    const watch = await stage.watch(NFLOG);
    await sendUntilProven(watch);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.sighting(found => pidsOf(found).includes(sender.pid));
    const earlier = watch.sightings.length;
    const child = Number(await sender.do('{ echo x >&3; exec sleep 3 >&- 2>&-; } & echo $!'));
    const found = await watch.when(() => watch.sightings[earlier]);
    expect(pidsOf(found).sort()).toEqual([sender.pid, child].sort());
  });
});

describe('events that were lost', () => {
  it('are told, and made up for', async () => {
    const watch = await stage.watch(NFLOG);
    await sendUntilProven(watch);
    watch.kill('SIGSTOP');
    while (eventDrops(watch.pid) === 0) await stage.namespace.must('perl test/senders/forks.pl 20000 1');
    watch.kill('SIGCONT');
    await watch.until('stderr', /more processes begin and end than ptrap can follow: reading \/proc again/);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.sighting(found => pidsOf(found).includes(sender.pid));
    const proven = await sendUntilProven(watch);
    expect(onlyProcess(proven.found).pid).toBe(proven.sender.pid);
  });
});

describe('a ptrap that has gone', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'after %s hears of processes no more, nor does any child of it',
    async signal => {
      const watch = await stage.watch(NFLOG);
      const before = listeners();
      expect(before).toBeGreaterThan(0);
      await watch.end(signal);
      await expect.poll(listeners).toBe(before - 1);
      await stage.ptrap(['cleanup']).end();
    },
  );
});
