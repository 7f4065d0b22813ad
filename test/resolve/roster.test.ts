import { describe, expect, it } from 'vitest';
import { forebears, openRoster, type Newcomer, type Tracked } from '../../src/resolve/roster.js';
import { exec, exit, fork, uid } from './events.js';

const found = (pid: number, more: Partial<Newcomer> = {}): Newcomer => ({
  pid,
  startTime: 100,
  comm: 'init',
  uid: { real: 0, effective: 0 },
  users: [0],
  threads: 0,
  isHeadless: false,
  ...more,
});

function open() {
  const ended: Tracked[] = [];
  const roster = openRoster(process => ended.push(process));
  roster.admit(found(1));
  return { roster, ended };
}

const pids = (processes: Iterable<Tracked>) => [...processes].map(({ pid }) => pid);

describe('openRoster', () => {
  it('knows who lives, the newest first', () => {
    const { roster, ended } = open();
    [fork(10, 1, 1), fork(20, 10, 2), fork(15, 10, 3)].forEach(roster.apply);
    expect(pids(roster.newestFirst())).toEqual([15, 20, 10, 1]);
    expect(pids(roster.bornSince(2))).toEqual([15, 20]);
    roster.apply(exit(20, 4));
    expect(pids(roster.newestFirst())).toEqual([15, 10, 1]);
    expect(pids(roster.bornSince(2))).toEqual([15]);
    expect(ended).toMatchObject([{ pid: 20, born: 2, ended: 4 }]);
    expect(roster.get(20)).toBeUndefined();
  });

  it('knows those that were there before in the order of their age, whichever was found first', () => {
    const roster = openRoster(() => undefined);
    roster.admit(found(30, { startTime: 300 }));
    roster.apply(fork(40, 30));
    roster.admit(found(10, { startTime: 100 }));
    roster.admit(found(20, { startTime: 500 })); // its pid has come round again
    expect(pids(roster.newestFirst())).toEqual([40, 20, 30, 10]);
    roster.apply(fork(35, 10));
    expect(pids(roster.newestFirst())).toEqual([35, 40, 20, 30, 10]);
  });

  it('knows who forked whom, also when those have ended', () => {
    const { roster } = open();
    [fork(10, 1), fork(20, 10), exit(10), fork(30, 20), exit(20)].forEach(roster.apply);
    expect(pids(forebears(roster.get(30)!))).toEqual([20, 10, 1]);
  });

  it('lets go of dead forebears where programs fork on and on', () => {
    const { roster } = open();
    for (let pid = 2; pid < 10_000; pid++) {
      roster.apply(fork(pid, pid - 1));
      if (pid > 2) roster.apply(exit(pid - 1));
    }
    const all = pids(forebears(roster.get(9999)!));
    expect(all.length).toBeLessThan(40);
    expect(all.slice(0, 3)).toEqual([9998, 9997, 9996]);
    expect(all.at(-1)).toBe(1);
  });

  it('does not go in circles', () => {
    const { roster } = open();
    const [one, other] = [roster.admit(found(5)), roster.admit(found(6))];
    one.parent = other;
    other.parent = one;
    expect([...forebears(one)].length).toBeLessThan(1000);
  });

  it('forgets what ran before an exec, unless it was read after that', () => {
    const { roster } = open();
    const image = { exe: '/bin/a', argv: ['a'], cwd: '/', loginUid: null, cgroup: '/', netns: 1 };
    const parent = roster.get(1)!;
    parent.program = { image };
    const child = roster.apply(fork(10, 1, 1))!;
    expect(child.program.image).toBe(image);
    expect(child.comm).toBe('init');
    roster.apply(exec(10, 2));
    expect(child).toMatchObject({ program: { image: undefined }, comm: undefined });
    expect(parent.program.image).toBe(image);
    Object.assign(child, { program: { image }, comm: 'b', read: { at: 5, stack: 0, uid: 0 } });
    roster.apply(exec(10, 4));
    expect(child).toMatchObject({ program: { image }, comm: 'b' });
    roster.apply({ what: 'comm', at: 4, pid: 10, comm: 'old' });
    expect(child.comm).toBe('b');
    roster.apply({ what: 'comm', at: 6, pid: 10, comm: 'new' });
    expect(child.comm).toBe('new');
    roster.apply(exec(10, 7));
    expect(child.program.image).toBeUndefined();
  });

  it('takes the user that an event tells for newer than the one that was read before it', () => {
    const { roster } = open();
    const child = roster.apply(fork(10, 1, 1))!;
    child.read = { at: 5, stack: 0, uid: 7 };
    roster.apply(uid(10, 8, 4));
    expect(child.read.uid).toBe(7);
    roster.apply(uid(10, 9, 6));
    expect(child.read.uid).toBe(9);
  });

  it('keeps a process whose first thread has ended until the others have', () => {
    const { roster, ended } = open();
    roster.apply(fork(10, 1));
    roster.apply({ what: 'thread-start', at: 1, pid: 10 });
    roster.apply(exit(10, 2));
    expect(roster.get(10)).toBeDefined();
    roster.apply({ what: 'thread-exit', at: 3, pid: 10 });
    expect(ended).toMatchObject([{ pid: 10, ended: 3 }]);
  });

  it('has one thread again after an exec', () => {
    const { roster, ended } = open();
    roster.apply(fork(10, 1));
    roster.apply({ what: 'thread-start', at: 1, pid: 10 });
    [exec(10, 2), exit(10, 3)].forEach(roster.apply);
    expect(ended).toMatchObject([{ pid: 10, ended: 3 }]);
  });

  it('takes a pid that is forked again for another process', () => {
    const { roster, ended } = open();
    const first = roster.apply(fork(10, 1, 1))!;
    const second = roster.apply(fork(10, 1, 2))!;
    expect(roster.get(10)).toBe(second);
    expect(first.ended).toBe(-Infinity); // when, nobody knows
    expect(ended).toEqual([]);
  });

  it('ignores what happens to processes that it does not know', () => {
    const { roster } = open();
    expect([exec(77), exit(77), uid(77, 1)].map(roster.apply)).toEqual([undefined, undefined, undefined]);
    expect(roster.apply(fork(78, 77))).toMatchObject({ parent: undefined, uid: undefined, users: undefined });
  });
});

describe('users', () => {
  const of = (roster: ReturnType<typeof openRoster>, user: number) => pids(roster.users.of(user));

  it('knows who has ever been a user, by fork, too', () => {
    const { roster } = open();
    [fork(10, 1), uid(10, 1000), fork(20, 10), uid(10, 1001)].forEach(roster.apply);
    expect(of(roster, 1000)).toEqual([10, 20]);
    expect(of(roster, 1001)).toEqual([10]);
    expect(of(roster, 0)).toEqual([1, 10, 20]);
    expect(roster.get(10)?.uid).toEqual({ real: 1001, effective: 1001 });
  });

  it('takes one whose ids change unseen for anyone', () => {
    const { roster } = open();
    [fork(10, 1), uid(10, 0)].forEach(roster.apply); // setfsuid(2)
    expect(of(roster, 4711)).toEqual([10]);
    roster.apply(fork(20, 10));
    expect(of(roster, 4711)).toEqual([10, 20]);
  });

  it('takes one whose parent is not known for anyone', () => {
    const { roster } = open();
    roster.apply(fork(10, 99));
    expect(of(roster, 4711)).toEqual([10]);
  });

  it('forgets who is let go', () => {
    const { roster } = open();
    const child = roster.apply(fork(10, 1))!;
    roster.apply(uid(10, 1000));
    roster.apply(exit(10));
    expect(of(roster, 1000)).toEqual([10]);
    roster.users.remove(child);
    expect(of(roster, 1000)).toEqual([]);
    expect(of(roster, 0)).toEqual([1]);
  });
});
