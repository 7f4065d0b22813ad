import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freeze } from 'ptrap/plugins';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { protection } from '../../plugins/freeze/choice.js';
import { lineOf, statOf } from '../../plugins/freeze/process.js';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

const started: ChildProcess[] = [];
vi.setConfig({ testTimeout: 20_000 });
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A process that is not below this one: `setsid --fork` leaves it to PID 1, or to whoever takes orphans. */
async function stranger(name = 'sleep'): Promise<ProcessInfo> {
  const script = `(exec -a '${name}' sleep 300) >/dev/null 2>&1 & echo $!`;
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  await exit;
  const pid = Number(String(text));
  started.push({ kill: () => execFileSync('kill', ['-KILL', String(pid)]) } as unknown as ChildProcess);
  await expect.poll(() => lineOf(pid).includes(process.pid)).toBe(false);
  return { ...dig, pid, startTime: statOf(pid)!.startTime, ppid: 1, comm: 'sleep', exe: '/usr/bin/sleep' };
}

/** A signal is dealt with when the process is given a processor, not before. */
const isStopped = ({ pid }: ProcessInfo) =>
  expect.poll(() => statOf(pid)?.state, { timeout: 5000 }).toBe('T');
const goesOn = ({ pid }: ProcessInfo) => expect.poll(() => statOf(pid)?.state, { timeout: 5000 }).toBe('S');

async function freezing(options?: Parameters<typeof freeze>[0]) {
  const opened = await open(freeze(options));
  const see = async (sighting: Sighting) => (await opened.host.enrich(sighting)).notes['freeze'];
  return { ...opened, see, end: () => opened.host[Symbol.asyncDispose]() };
}

const graded = (grade: 'history' | 'shared' | 'wildcard', ...processes: ProcessInfo[]): Sighting => {
  const sighting = sightingOf(1, ...processes);
  return { ...sighting, resolution: { ...sighting.resolution, grade } as Sighting['resolution'] };
};

describe('freeze', () => {
  it('stops the process at first sight, tells how to go on, and lets it go on at the end', async () => {
    const culprit = await stranger();
    const { see, end, logged, failures } = await freezing();
    expect(await see(sightingOf(1, culprit))).toEqual({
      pid: culprit.pid,
      startTime: culprit.startTime,
      text: `stopped; it goes on with \`kill -CONT ${culprit.pid}\`, or when ptrap ends`,
    });
    await isStopped(culprit);
    expect(logged).toEqual([
      `freeze: sleep[${culprit.pid}] is stopped. Look into it: ls -l /proc/${culprit.pid}/fd; gdb -p ${culprit.pid}`,
    ]);
    expect(await see(sightingOf(2, culprit))).toBeUndefined(); // once
    await end();
    await goesOn(culprit);
    expect(failures).toEqual([]);
  });

  it('lets it go on even where its guard was killed', async () => {
    const culprit = await stranger();
    const { see, end } = await freezing();
    await see(sightingOf(1, culprit));
    execFileSync('pkill', ['-KILL', '-P', String(process.pid), '-f', 'ptrap-freeze']);
    await end();
    await goesOn(culprit);
  });

  it('leaves it stopped with keep', async () => {
    const culprit = await stranger();
    const { see, end } = await freezing({ keep: true });
    expect(await see(sightingOf(1, culprit))).toMatchObject({
      text: `stopped; it goes on with \`kill -CONT ${culprit.pid}\``,
    });
    await end();
    await isStopped(culprit);
  });

  it('neither stops nor continues what somebody else has stopped', async () => {
    const culprit = await stranger();
    process.kill(culprit.pid, 'SIGSTOP');
    await isStopped(culprit);
    const { see, end, logged } = await freezing();
    expect(await see(sightingOf(1, culprit))).toBeUndefined();
    await end();
    await isStopped(culprit);
    expect(logged).toEqual([`freeze: sleep[${culprit.pid}] is not stopped: it is stopped already`]);
  });

  it('stops nobody who is not certainly, or not alone, the sender', async () => {
    const [one, other] = [await stranger(), await stranger()];
    const { see, end, logged } = await freezing();
    await see(graded('history', one));
    await see(graded('shared', one, other));
    await see(sightingOf(3, one, other));
    await see(sightingOf(4));
    await goesOn(one);
    await goesOn(other);
    expect(logged).toEqual([]);
    await see(graded('wildcard', one));
    await isStopped(one);
    await end();
  });

  it('stops no later process with the same pid', async () => {
    const culprit = await stranger();
    const { see, end, logged } = await freezing();
    await see(sightingOf(1, { ...culprit, startTime: culprit.startTime - 1 }));
    await goesOn(culprit);
    expect(logged).toEqual([`freeze: sleep[${culprit.pid}] is not stopped: it has ended`]);
    await end();
  });

  it('stops only what it is told to, and no more than so many', async () => {
    const [one, two, three] = [await stranger(), await stranger(), await stranger()];
    const { see, end, logged } = await freezing({
      exe: ['sleep'],
      max: 1,
      match: ({ pid }) => pid !== one.pid,
    });
    await see(sightingOf(1, one));
    await see(sightingOf(2, { ...two, exe: '/usr/bin/other' }));
    await goesOn(one);
    await goesOn(two);
    await see(sightingOf(3, two));
    await see(sightingOf(4, three));
    await isStopped(two);
    await goesOn(three);
    expect(logged.at(-1)).toBe(
      `freeze: sleep[${three.pid}] is not stopped: 1 are, the most that were asked for`,
    );
    await end();
  });

  it('writes no hostile name raw', async () => {
    const culprit = { ...(await stranger()), comm: '\u001b[2J\n$(id)' };
    const { see, end, logged } = await freezing({ never: ['/usr/bin/sleep'] });
    await see(sightingOf(1, culprit));
    expect(logged).toEqual([
      `freeze: \\x1b[2J\\x0a$(id)[${culprit.pid}] is not stopped: it is never to be stopped`,
    ]);
    await goesOn(culprit);
    await end();
  });

  it('refuses options that it does not know', () => {
    expect(() => freeze({ max: 0 })).toThrow('max');
    expect(() => freeze({ match: 'dig' as never })).toThrow('match');
    expect(() => freeze({ exes: ['dig'] } as never)).toThrow('exes');
  });
});

describe('never stopped', () => {
  it.each([
    ['PID 1', 1],
    ['ptrap', process.pid],
    ['what started ptrap', process.ppid],
    ['the first kernel thread', 2],
  ])('is %s', async (_what, pid) => {
    const stat = statOf(pid);
    const { see, end, logged } = await freezing();
    // the first kernel thread is not to be seen from within a pid namespace
    const startTime = stat?.startTime ?? 0;
    await see(sightingOf(1, { ...dig, pid, startTime, exe: pid === 2 ? null : '/usr/bin/x' }));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('is not stopped');
    expect(statOf(pid)?.state).not.toBe('T');
    await end();
  });

  it('is what ptrap has started', () => {
    const child = spawn('sleep', ['300'], { stdio: 'ignore' });
    started.push(child);
    expect(protection({ ...dig, pid: child.pid!, exe: '/usr/bin/sleep' }, [])).toBe('ptrap has started it');
  });

  it.each([
    '/usr/lib/systemd/systemd-resolved',
    '/usr/sbin/sshd',
    '/usr/bin/dbus-daemon (deleted)',
    '/usr/bin/tmux',
  ])('is %s, by its program and not by its name', exe => {
    const pid = 4_194_304;
    expect(protection({ ...dig, pid, exe, comm: 'dig' }, [])).toBe('the machine needs it');
    expect(protection({ ...dig, pid, exe: '/tmp/evil', comm: 'sshd' }, [])).toBeUndefined();
  });
});
