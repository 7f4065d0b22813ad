import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { failure } from '../../src/errors.js';
import type { ProcListener } from '../../src/netlink/proc-connector.js';
import { followProcesses } from '../../src/resolve/following.js';
import { openRoster, type Tracked } from '../../src/resolve/roster.js';
import { exit, fork } from './events.js';
import { openProcTree, type FakeProcess } from './proc-tree.js';

function follow(processes: Record<number, FakeProcess>, refusals: Error[] = []) {
  const tree = openProcTree(processes);
  const ended: Tracked[] = [];
  const roster = openRoster(process => ended.push(process));
  const said: string[] = [];
  let listener: ProcListener | undefined;
  let opened = 0;
  let open = 0;
  let completed = 0;
  const following = followProcesses({
    proc: tree.proc,
    roster,
    listen(heard) {
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      listener = heard;
      opened += 1;
      open += 1;
      return { catchUp: () => true, [Symbol.dispose]: () => void (open -= 1) };
    },
    onEvent: event => void roster.apply(event),
    onGiveUp: () => undefined,
    onComplete: () => (completed += 1),
    say: line => said.push(line),
  });
  const isComplete = () => following.completeSince() !== Infinity;
  const complete = () => vi.waitUntil(isComplete, { timeout: 5000 });
  const counts = () => ({ opened, open, completed });
  return { tree, roster, ended, said, following, isComplete, complete, counts, listener: () => listener! };
}

const pids = (processes: readonly Tracked[]) => processes.map(({ pid }) => pid);

describe('followProcesses', () => {
  it('reads who is there once it listens, with parents and users', async () => {
    const { roster, complete, isComplete, following } = follow({
      1: { comm: 'init' },
      10: { ppid: 1, startTime: 200, files: { status: 'Uid:\t1\t2\t3\t4\nThreads:\t3\n' } },
    });
    expect(isComplete()).toBe(false);
    await complete();
    expect(following.completeSince()).toBeLessThanOrEqual(performance.now());
    expect(roster.get(10)).toMatchObject({
      born: -Infinity,
      startTime: 200,
      uid: { real: 1, effective: 2 },
      users: [1, 2, 3, 4],
      threads: 2,
    });
    expect(roster.get(10)?.parent).toBe(roster.get(1));
  });

  it('takes no corpse for alive, but one whose other threads live', async () => {
    const { roster, complete } = follow({
      1: {},
      10: { files: { status: 'State:\tZ (zombie)\nUid:\t0\t0\t0\t0\nThreads:\t1\n' } },
      11: { files: { status: 'State:\tZ (zombie)\nUid:\t0\t0\t0\t0\nThreads:\t2\n' } },
    });
    await complete();
    expect(pids(roster.newestFirst())).toEqual([11, 1]);
    roster.apply({ what: 'thread-exit', at: 1, pid: 11 });
    expect(pids(roster.newestFirst())).toEqual([1]);
  });

  it('does not take a parent for one whose pid has passed to someone younger', async () => {
    const { roster, complete } = follow({ 1: {}, 10: { ppid: 20, startTime: 100 }, 20: { startTime: 101 } });
    await complete();
    expect(roster.get(10)?.parent).toBeUndefined();
  });

  it('puts the roster right when events were lost', async () => {
    const { roster, ended, tree, complete, isComplete, listener, counts, said } = follow({
      1: {},
      10: {},
      20: {},
    });
    await complete();
    listener().onEvent(fork(30, 10));
    const passed = roster.get(20)!;
    listener().onLoss();
    expect(isComplete()).toBe(false);
    rmSync(`${tree.proc}/10`, { recursive: true }); // its end is lost
    mkdirSync(`${tree.proc}/40`); // its start is lost
    writeFileSync(`${tree.proc}/40/stat`, '40 (new) S 20 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 900 0');
    writeFileSync(`${tree.proc}/40/status`, 'Uid:\t0\t0\t0\t0\n');
    writeFileSync(`${tree.proc}/20/stat`, '20 (other) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 800 0'); // its pid has passed on
    await complete();
    expect(pids(roster.newestFirst()).sort()).toEqual([1, 20, 40]);
    expect(roster.get(40)?.parent).toBe(roster.get(20));
    expect(roster.get(20)).not.toBe(passed);
    expect(passed.ended).toBe(-Infinity);
    expect(ended).toEqual([]); // nothing is proven of those
    expect(counts()).toMatchObject({ opened: 2, completed: 2 });
    expect(said).toHaveLength(1);
    listener().onEvent(exit(40));
    expect(pids(ended)).toEqual([40]);
  });

  it('says why there is no table, but for what cannot be otherwise in a namespace', async () => {
    const denied = follow({ 1: {} }, [failure('PTRAP_E_PROC_CONNECTOR', 'EPERM')]);
    await vi.waitUntil(() => denied.said.length > 0);
    expect(denied.said).toEqual([expect.stringMatching(/^no live process table.*EPERM/)]);
    const inside = follow({ 1: {} }, [failure('PTRAP_E_PROC_NAMESPACE')]);
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(inside.said).toEqual([]);
    expect(inside.isComplete()).toBe(false);
  });

  it('ends for good when it is disposed of, at any time', async () => {
    const early = follow({ 1: {} });
    early.following[Symbol.dispose]();
    await vi.waitUntil(() => early.counts().opened === 1 && early.counts().open === 0);
    expect(early.isComplete()).toBe(false);
    const late = follow({ 1: {} });
    await late.complete();
    late.following[Symbol.dispose]();
    expect(late.counts().open).toBe(0);
    expect(late.isComplete()).toBe(false);
  });
});
