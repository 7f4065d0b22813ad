import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessInfo } from '../../src/events.js';
import type { Caller } from '../../src/match/source.js';
import { openCallers } from '../../src/resolve/callers.js';

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'ptrap-callers-'));
  writeFileSync(join(proc, 'uptime'), '100.00 0.00\n');
});
afterEach(() => rmSync(proc, { recursive: true }));

/** A process that began so many ticks after boot. */
function addProcess(pid: number, comm: string, startTime: number): void {
  const folder = join(proc, String(pid));
  mkdirSync(folder);
  const fields = Array.from({ length: 49 }, () => '0');
  fields[18] = String(startTime);
  writeFileSync(join(folder, 'stat'), `${pid} (${comm}) S ${fields.join(' ')}\n`);
  writeFileSync(join(folder, 'status'), `Name:\t${comm}\nUid:\t7\t7\t7\t7\nThreads:\t1\n`);
  writeFileSync(join(folder, 'cmdline'), `${comm}\0--flag\0`);
  symlinkSync(`/usr/bin/${comm}`, join(folder, 'exe'));
}

function nameOf(caller: Partial<Caller>, told?: ProcessInfo): ProcessInfo | string {
  const table = told && { isComplete: true, caller: () => told };
  const name = openCallers(proc, table, () => null);
  const answer = name({ via: 'bpf', pid: 50, at: performance.now(), uid: 7, ...caller });
  return 'reason' in answer ? answer.reason : answer.processes[0]!;
}

describe('who called', () => {
  it('is told with all that /proc shows of it', () => {
    addProcess(50, 'dig', 9000);
    expect(nameOf({ comm: 'dig', startTime: 9000 })).toMatchObject({
      pid: 50,
      startTime: 9000,
      comm: 'dig',
      exe: '/usr/bin/dig',
      argv: ['dig', '--flag'],
    });
  });

  it.each([
    ['began at another time', { startTime: 8000 }],
    ['began after the call', { at: performance.now() - 20_000 }],
  ])('is no one who has its pid now and %s', (_, caller) => {
    addProcess(50, 'dig', 9000);
    expect(nameOf({ comm: 'curl', ppid: 49, ...caller })).toMatchObject({
      pid: 50,
      ppid: 49,
      comm: 'curl',
      exe: null,
      argv: [],
      cgroup: null,
      ancestors: [],
    });
  });

  it('keeps the name that it called under, without the program that it has become', () => {
    addProcess(50, 'sleep', 9000);
    expect(nameOf({ comm: 'curl', startTime: 9000 })).toMatchObject({
      comm: 'curl',
      exe: null,
      argv: [],
      startTime: 9000,
    });
    expect(nameOf({ exe: '/opt/curl', startTime: 9000 })).toMatchObject({ exe: '/opt/curl', argv: [] });
  });

  it('has ended: only what the kernel said is told', () => {
    expect(nameOf({ comm: 'curl' })).toMatchObject({ pid: 50, startTime: 0, comm: 'curl', uid: 7 });
  });

  it('is asked of the table first', () => {
    addProcess(50, 'other', 9000);
    const told = { ...(nameOf({}) as ProcessInfo), pid: 50, comm: 'dig', exe: '/bin/dig' };
    expect(nameOf({ comm: 'dig' }, told)).toMatchObject({ exe: '/bin/dig' });
  });

  it('is the kernel where it is a thread of the kernel’s', () => {
    expect(nameOf({ isKernel: true })).toBe('kernel');
  });
});
