import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openPrograms } from '../../src/resolve/programs.js';
import { openRoster, type Tracked } from '../../src/resolve/roster.js';
import { exec, exit, fork, uid } from './events.js';
import { openProcTree } from './proc-tree.js';

const nobody = () => null;

function open() {
  const tree = openProcTree(
    {
      1: { comm: 'init', startTime: 1, files: { cmdline: 'init\0' } },
      10: { comm: 'a', startTime: 700, files: { cmdline: 'a\0', cgroup: '0::/a.service\n' } },
    },
    100,
  );
  const roster = openRoster(() => undefined);
  let shed = 0;
  const cgroups: string[] = [];
  const programs = openPrograms(tree.proc, {
    onShed: () => (shed += 1),
    onCgroup: path => void cgroups.push(path),
  });
  const parent = roster.admit({
    pid: 1,
    startTime: 1,
    comm: 'init',
    uid: { real: 0, effective: 0 },
    users: [0],
    threads: 0,
    isHeadless: false,
  });
  const start = (): Tracked => {
    roster.apply(fork(10, 1));
    return roster.apply(exec(10))!;
  };
  return { tree, roster, programs, parent, start, cgroups, shed: () => shed };
}

describe('openPrograms', () => {
  it('reads what has begun in a moment, unless it has ended by then', async () => {
    const { programs, start, roster } = open();
    const process = start();
    programs.began(process);
    expect(process.program.image).toBeUndefined();
    await sleep(10);
    expect(process).toMatchObject({ comm: 'a', startTime: 700, program: { image: { argv: ['a'] } } });
    const other = start();
    programs.began(other);
    roster.apply(exit(10));
    await sleep(10);
    expect(other.program.image).toBeUndefined();
  });

  it('fills in what its forks run, too, and no more than that', () => {
    const { programs, roster, start, tree } = open();
    const process = start();
    const child = roster.apply(fork(11, 10))!;
    programs.catch(process);
    expect(child.program.image?.argv).toEqual(['a']);
    writeFileSync(`${tree.proc}/10/cmdline`, 'title\0');
    process.read = undefined;
    programs.tell(process, nobody);
    expect(process.program.image?.argv).toEqual(['title']);
    expect(child.program.image?.argv).toEqual(['a']);
  });

  it('looks at the arguments of an ancestor once a second, and reads the rest anew only where they have changed', () => {
    const { programs, parent, start, tree } = open();
    const process = start();
    const told = () => programs.tell(process, nobody)?.ancestors[0];
    const later = () => (parent.verifiedAt = -Infinity);
    expect(told()).toEqual({ pid: 1, comm: 'init', argv: ['init'] });
    writeFileSync(`${tree.proc}/1/stat`, '1 (other) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0');
    later();
    expect(told()).toEqual({ pid: 1, comm: 'init', argv: ['init'] });
    writeFileSync(`${tree.proc}/1/cmdline`, 'title\0');
    expect(told()).toEqual({ pid: 1, comm: 'init', argv: ['init'] });
    later();
    expect(told()).toEqual({ pid: 1, comm: 'other', argv: ['title'] });
  });

  it('tells what a process runs now, though it was read just now and nothing has told yet of its exec', () => {
    const { programs, start, tree } = open();
    const process = start();
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'a', argv: ['a'] });
    const stat = readFileSync(`${tree.proc}/10/stat`, 'utf8');
    writeFileSync(`${tree.proc}/10/cmdline`, 'title\0');
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'a', argv: ['a'] }); // read just now
    writeFileSync(`${tree.proc}/10/stat`, stat.replace(' 140732556414256 ', ' 140721869173072 '));
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'a', argv: ['title'] });
    writeFileSync(`${tree.proc}/10/stat`, stat.replace('(a)', '(named anew)'));
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'named anew', argv: ['title'] });
  });

  it('tells what an ancestor runs now, too, if it has begun just now', () => {
    const { programs, start, tree, roster } = open();
    start();
    const child = roster.apply(fork(11, 10))!;
    cpSync(`${tree.proc}/10`, `${tree.proc}/11`, { recursive: true });
    const told = () => programs.tell(child, nobody)?.ancestors[0];
    expect(told()).toEqual({ pid: 10, comm: 'a', argv: ['a'] });
    const stat = readFileSync(`${tree.proc}/10/stat`, 'utf8');
    writeFileSync(
      `${tree.proc}/10/stat`,
      stat.replace('(a)', '(b)').replace(' 140732556414256 ', ' 140721869173072 '),
    );
    writeFileSync(`${tree.proc}/10/cmdline`, 'b\0');
    expect(told()).toEqual({ pid: 10, comm: 'b', argv: ['b'] });
  });

  it('tells the user that was read with a program: the event of that may be under way, too', () => {
    const { programs, start, roster } = open();
    const process = start();
    expect(process.uid).toEqual({ real: 0, effective: 0 }); // its parent's
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'a', uid: 1000 });
    roster.apply(uid(10, 1001));
    expect(programs.tell(process, nobody)).toMatchObject({ uid: 1001 });
  });

  it('says of no program what is read of the next one, which begins meanwhile', () => {
    const { roster, start, tree } = open();
    const stat = readFileSync(`${tree.proc}/10/stat`, 'utf8');
    let reads = 0;
    let execAt = NaN;
    const changing = {
      toString() {
        reads += 1;
        if (reads !== 4) return tree.proc;
        writeFileSync(`${tree.proc}/10/stat`, stat.replace('(a)', '(b)').replace(' 140732556414256 ', ' 1 '));
        writeFileSync(`${tree.proc}/10/cmdline`, 'b\0');
        execAt = performance.now();
        return tree.proc;
      },
    };
    const listener = { onShed: () => undefined, onCgroup: () => undefined };
    const programs = openPrograms(changing as unknown as string, listener);
    const process = start();
    const before = performance.now();
    programs.read(process);
    roster.apply(exec(10, execAt));
    expect(process).toMatchObject({ comm: 'b', program: { image: { argv: ['b'] } } });
    expect(programs.recallAt(process, performance.now(), nobody)).toMatchObject({ argv: ['b'] });
    expect(programs.recallAt(process, before, nobody)).toMatchObject({ argv: [] });
  });

  it('takes no process for another that has its pid', () => {
    const { programs, start, tree } = open();
    const process = start();
    expect(programs.tell(process, nobody)).toMatchObject({ pid: 10, startTime: 700, comm: 'a' });
    writeFileSync(`${tree.proc}/10/stat`, '10 (b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 800 0');
    process.read = undefined;
    expect(programs.tell(process, nobody)).toBeUndefined();
    expect(programs.recall(process, nobody)).toMatchObject({ pid: 10, startTime: 700, comm: 'a' });
  });

  it('recalls what was not read in time without guessing', () => {
    const { programs, start, tree, roster } = open();
    const process = start();
    rmSync(`${tree.proc}/10`, { recursive: true });
    roster.apply(exit(10));
    const told = programs.recall(process, nobody)!;
    expect(told).toMatchObject({ pid: 10, ppid: 1, comm: '', exe: null, argv: [], cwd: null, uid: 0 });
    const begun = 10_000 - (performance.now() - process.born) / 10; // it is 100 s after boot
    expect(Math.abs(told.startTime - begun)).toBeLessThanOrEqual(2);
  });

  it('recalls nobody whose user it never knew', () => {
    const { programs, roster } = open();
    const orphan = roster.apply(fork(20, 19))!;
    expect(programs.recall(orphan, nobody)).toBeUndefined();
  });

  it('reads no more than it has time for, but the cgroup: that is all that may be left to be known', () => {
    const { programs, start, shed, cgroups } = open();
    const begun = performance.now();
    let process = start();
    while (shed() === 0 && performance.now() < begun + 5000) {
      process = start();
      cgroups.length = 0;
      programs.catch(process);
    }
    expect(shed()).toBe(1);
    expect(cgroups).toEqual(['/a.service']);
    expect(process.program.image).toBeUndefined();
    expect(programs.tell(process, nobody)).toMatchObject({ comm: 'a' }); // whoever is asked for is read
  });
});
