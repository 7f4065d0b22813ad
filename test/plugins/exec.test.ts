import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from 'ptrap/plugins';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-exec-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs `command` for each sighting and gives what came of it. */
async function running(options: Parameters<typeof exec>[0], ...sightings: Sighting[]) {
  const opened = await open(exec(options));
  const dispatch = openDispatch(opened.host.sinks);
  for (const sighting of sightings) dispatch.deliver(sighting);
  await dispatch.drain(10_000);
  return opened;
}

const hostile: ProcessInfo = {
  ...dig,
  comm: '$(touch x); "\'',
  exe: '/tmp/`id`\n\u001b[2J',
  unit: null,
};

describe('exec', () => {
  it('runs the command with the PID as its last argument, once for each holder', async () => {
    const { printed } = await running({ command: 'echo caught' }, sightingOf(1, dig, { ...dig, pid: 992 }));
    expect(printed.sort()).toEqual(['caught 991', 'caught 992']);
  });

  it('runs four commands of a sighting at once at the most', async () => {
    const holders = Array.from({ length: 20 }, (_, index) => ({ ...dig, pid: 1000 + index }));
    const command = `sh -c 'mkdir "${folder}/$0" && ls "${folder}" | wc -l && sleep 0.05 && rmdir "${folder}/$0"'`;
    const { printed } = await running({ command }, sightingOf(1, ...holders));
    expect(printed).toHaveLength(20);
    expect(Math.max(...printed.map(Number))).toBeLessThanOrEqual(4);
  });

  it("runs the original's command lines", async () => {
    const self = { ...dig, pid: process.pid };
    const { printed, failures } = await running({ command: 'ps -o pid=' }, sightingOf(1, self));
    expect(printed.map(text => text.trim())).toEqual([String(process.pid)]);
    expect(failures).toEqual([]);
  });

  it('does not run where no process is known', async () => {
    const { printed } = await running({ command: 'echo caught' }, sightingOf(1));
    expect(printed).toEqual([]);
  });

  it('gives what is known in PTRAP_* and keeps the environment of the caller', async () => {
    const { printed } = await running({ command: 'env; :' }, sightingOf(7, dig));
    const lines = printed.join('').split('\n');
    expect(lines.filter(line => line.startsWith('PTRAP_')).sort()).toEqual([
      'PTRAP_AT=2026-11-23T19:05:41.123456Z',
      'PTRAP_COMM=dig',
      'PTRAP_COUNT=1',
      'PTRAP_CWD=/root',
      'PTRAP_DPORT=53',
      'PTRAP_DST=192.168.1.1',
      'PTRAP_EXE=/usr/bin/dig',
      'PTRAP_ID=k3v9qa-7',
      'PTRAP_INSTANCE=k3v9qa',
      'PTRAP_PID=991',
      'PTRAP_PPID=990',
      'PTRAP_PROTOCOL=udp',
      'PTRAP_SPORT=40001',
      'PTRAP_SRC=10.0.0.2',
      'PTRAP_TARGET=192.168.1.1:53/udp',
      'PTRAP_UID=1000',
      'PTRAP_UNIT=cron.service',
      'PTRAP_USER=alice',
    ]);
    expect(lines).toContain(`PATH=${process.env['PATH']}`);
  });

  it('hands hostile names over as data', async () => {
    const { printed } = await running(
      { command: 'printf "%s|%s|%s" "$PTRAP_COMM" "$PTRAP_EXE" "${PTRAP_UNIT-absent}"; :' },
      sightingOf(1, hostile),
    );
    expect(printed).toEqual([`${hostile.comm}|${hostile.exe}|absent`]);
  });

  it('prints both outputs in order, in one piece even when many run at once', async () => {
    const command = 'for n in 1 2 3; do echo out $n $PTRAP_ID; echo err $n >&2; sleep 0.02; done; :';
    const sightings = Array.from({ length: 8 }, (_, number) => sightingOf(number, dig));
    const { printed } = await running({ command }, ...sightings);
    expect(printed.sort()).toEqual(
      sightings.map(({ id }) => [1, 2, 3].map(n => `out ${n} ${id}\nerr ${n}`).join('\n')),
    );
  });

  it('keeps 64 KiB of output and says how much more there was', async () => {
    const { printed } = await running(
      { command: 'head -c 200000 /dev/zero | tr "\\0" x; :' },
      sightingOf(1, dig),
    );
    expect(printed).toEqual([`${'x'.repeat(65_536)}\n… 134464 bytes more`]);
  });

  it('says how a command ended that did not end well, and does not blame the plugin', async () => {
    const { logged, failures } = await running({ command: 'exit 3;' }, sightingOf(1, dig));
    expect(logged).toEqual(['exec: `exit 3;` for PID 991 ended with exit code 3']);
    expect(failures).toEqual([]);
    const broken = await running({ command: 'if then' }, sightingOf(1, dig));
    expect(broken.printed.join()).toContain('yntax error');
  });

  it('kills the whole process group on its timeout', async () => {
    const pids = join(folder, 'pids');
    const command = `sleep 60 & echo $! $$ > ${pids}; echo begun; wait; :`;
    const start = performance.now();
    const { failures } = await running({ command, timeoutMs: 300 }, sightingOf(1, dig));
    expect(performance.now() - start).toBeLessThan(2000);
    expect(failures).toMatchObject([{ plugin: 'exec', hook: 'report', kind: 'timeout' }]);
    const started = (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
    await expect.poll(() => Promise.all(started.map(isRunning))).toEqual([false, false]);
  });

  it('does not wait for what a command leaves behind', async () => {
    const start = performance.now();
    const { printed } = await running({ command: 'sleep 5 & echo done; :' }, sightingOf(1, dig));
    expect(printed).toEqual(['done']);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('runs a program with what was seen in its arguments, and the sighting on its stdin', async () => {
    const sighting = sightingOf(1, dig);
    const { printed, failures } = await running(
      {
        command: [
          'sh',
          '-c',
          'printf "%s|" "$@"; cat',
          '--',
          '{comm} sent to {dst}:{dport}',
          '{container}',
          '{}',
        ],
      },
      sighting,
    );
    const [first, second, third, json] = printed[0]!.split('|');
    expect([first, second, third]).toEqual(['dig sent to 192.168.1.1:53', '', '{}']);
    expect(JSON.parse(json!)).toEqual(sighting);
    expect(failures).toEqual([]);
  });

  it('keeps each argument one, whatever a process calls itself', async () => {
    const command = ['printf', '<%s>', '{comm}', '{exe}{comm}'];
    const named = { ...hostile, comm: '{exe} $(id) %s' };
    const { printed } = await running({ command }, sightingOf(1, named));
    expect(printed).toEqual([`<${named.comm}><${hostile.exe}${named.comm}>`]);
  });

  it('does not mind a program that reads nothing, or is not there', async () => {
    const long = {
      ...dig,
      argv: ['x'.repeat(4000)],
      ancestors: Array(100).fill({ pid: 2, comm: 'x', argv: ['y'.repeat(4000)] }),
    };
    const { logged, failures } = await running({ command: ['true'] }, sightingOf(1, long));
    expect([logged, failures]).toEqual([[], []]);
    const { logged: missing, printed } = await running(
      { command: ['/nowhere/x', '{pid}'] },
      sightingOf(1, dig),
    );
    expect(missing).toEqual(['exec: `/nowhere/x {pid}` for PID 991 ended with exit code 127']);
    expect(printed.join()).toContain('/nowhere/x');
  });

  it('runs so many at once as it is told', async () => {
    const command = [
      'sh',
      '-c',
      `mkdir "${folder}/$1" && ls "${folder}" | wc -l && sleep 0.05 && rmdir "${folder}/$1"`,
      '-',
      '{id}',
    ];
    const sightings = Array.from({ length: 6 }, (_, number) => sightingOf(number, dig));
    const { printed } = await running({ command, concurrency: 2 }, ...sightings);
    expect(printed).toHaveLength(6);
    expect(Math.max(...printed.map(Number))).toBeLessThanOrEqual(2);
  });

  it('refuses a placeholder that there is not, and a program named by what was seen', () => {
    expect(() => exec({ command: ['logger', '{com}'] })).toThrow('there is no {com}, did you mean {comm}?');
    expect(() => exec({ command: ['logger', '{zzzzzz}'] })).toThrow('there is no {zzzzzz}?');
    expect(() => exec({ command: ['{exe}'] })).toThrow('must not be named');
    expect(() => exec({ command: [] })).toThrow('command');
    expect(() => exec({ command: [''] })).toThrow('no name');
  });

  it('refuses to be without a command', () => {
    expect(() => exec({ command: ' ' })).toThrow('command');
  });

  it('has a process that ends with ptrap killed', async () => {
    const opened = await open(exec({ command: 'sleep 61 # ' }));
    const dispatch = openDispatch(opened.host.sinks);
    dispatch.deliver(sightingOf(1, dig));
    await sleep(100);
    await dispatch.drain(10);
    expect(opened.failures).toMatchObject([{ kind: 'overflow' }]);
    await expect.poll(() => commandIsRunning('sleep\0' + '61')).toBe(false);
  });
});

/** Whether a process exists and is no zombie: orphans of a killed group wait for whoever reaps them. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

async function commandIsRunning(cmdline: string): Promise<boolean> {
  const { readdir } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const all = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return all.some(text => text.startsWith(cmdline));
}
