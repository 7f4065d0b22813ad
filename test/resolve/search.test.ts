import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { takeCensus } from '../../src/resolve/census.js';
import type { Budget } from '../../src/resolve/fd.js';
import { openHoldings } from '../../src/resolve/holdings.js';
import { openRoster } from '../../src/resolve/roster.js';
import { findKnownHolders, glance, type Memory } from '../../src/resolve/search.js';
import { exec, exit, fork } from './events.js';
import { openProcTree, type FakeProcess } from './proc-tree.js';

const INODE = 31337;
const ample: Budget = { firstMs: 10_000, kinMs: 10_000, strangersMs: 10_000 };
const kinOnly: Budget = { ...ample, strangersMs: -1 };
const holder = { sockets: { 3: INODE } };

async function open(processes: Record<number, FakeProcess>) {
  const tree = openProcTree(processes);
  const roster = openRoster(() => undefined);
  const holdings = openHoldings(tree.proc);
  await takeCensus(tree.proc, roster);
  const memory: Memory = {
    roster,
    holdings,
    senders: new Map(),
    caughtUpTo: () => true,
    usualFd: '3',
  };
  const search = async (budget = ample, more: { isGone?: () => Promise<boolean>; since?: number } = {}) => {
    const pids: number[] = [];
    const wanted = { inode: INODE, uid: 0, since: performance.now(), ...more };
    const inTime = await findKnownHolders(memory, wanted, ({ pid }) => pids.push(pid), budget);
    if (!inTime) throw new Error('timed out');
    return pids;
  };
  const lookAtAll = () => roster.newestFirst().forEach(holdings.read);
  const hold = (pid: number, fd: number) => symlinkSync(`socket:[${INODE}]`, `${tree.proc}/${pid}/fd/${fd}`);
  const drop = (pid: number, fd: number) => rmSync(`${tree.proc}/${pid}/fd/${fd}`);
  return { ...memory, memory, tree, search, lookAtAll, hold, drop };
}

describe('findKnownHolders', () => {
  it('finds one that it has never looked at, and nobody where nobody holds it', async () => {
    const { search, drop } = await open({ 1: {}, 10: { sockets: { 5: 5 } }, 20: holder });
    expect(await search()).toEqual([20]);
    drop(20, 3);
    expect(await search()).toEqual([]);
  });

  it('gives up when there is no time to see whether the first is the only one', async () => {
    const { search } = await open({ 1: {}, 10: { ...holder, children: [20] }, 20: { ppid: 10, ...holder } });
    await expect(search({ ...ample, kinMs: -1 })).rejects.toThrow('timed out');
  });

  it('believes nothing that it remembers', async () => {
    const { search, lookAtAll, drop, hold } = await open({ 1: {}, 10: {}, 20: holder });
    lookAtAll();
    expect(await search()).toEqual([20]);
    drop(20, 3);
    hold(20, 7); // moved
    expect(await search()).toEqual([20]);
    drop(20, 7);
    hold(10, 4); // handed over
    expect(await search()).toEqual([10]);
  });

  it('believes what it saw after the packet was', async () => {
    const { search, lookAtAll, drop } = await open({ 1: {}, 20: holder });
    const since = performance.now();
    lookAtAll();
    drop(20, 3);
    expect(await search(ample, { since })).toEqual([20]);
  });

  it('finds a process that was just forked, and the one it has from there', async () => {
    const { roster, search, tree, lookAtAll, hold } = await open({ 1: {}, 10: {}, 30: holder });
    lookAtAll(); // before 10 opens the socket
    hold(10, 3);
    rmSync(`${tree.proc}/30`, { recursive: true });
    roster.strike(roster.get(30)!);
    mkdirSync(`${tree.proc}/40/fd`, { recursive: true });
    hold(40, 3);
    roster.apply(fork(40, 10));
    expect(await search(kinOnly)).toEqual([40, 10]);
  });

  it('finds a forebear that left the socket to a fork under another number', async () => {
    const { roster, search, tree, lookAtAll, hold } = await open({ 1: {}, 10: {} });
    lookAtAll();
    hold(10, 9);
    roster.apply(fork(20, 10)); // has ended since
    roster.apply(fork(30, 20));
    roster.apply(exit(20));
    mkdirSync(`${tree.proc}/30/fd`, { recursive: true });
    hold(30, 0);
    expect(await search(kinOnly)).toEqual([30, 10]);
  });

  it('finds forks of the holder: those not looked at yet, also where they moved it', async () => {
    const { roster, search, tree, lookAtAll, hold } = await open({ 1: {}, 10: holder });
    lookAtAll();
    for (const [pid, fd] of [
      [20, 3],
      [21, 0],
      [22, undefined],
    ] as const) {
      mkdirSync(`${tree.proc}/${pid}/fd`, { recursive: true });
      if (fd !== undefined) hold(pid, fd);
      roster.apply(fork(pid, 10));
    }
    expect((await search(kinOnly)).sort()).toEqual([10, 20, 21]);
  });

  it('finds a sibling whose parent has closed it', async () => {
    const { roster, search, tree, lookAtAll, hold } = await open({ 1: {}, 10: {} });
    lookAtAll();
    for (const pid of [20, 21]) {
      mkdirSync(`${tree.proc}/${pid}/fd`, { recursive: true });
      hold(pid, 3);
      roster.apply(fork(pid, 10));
      roster.apply(exec(pid));
    }
    expect((await search(kinOnly)).sort()).toEqual([20, 21]);
  });

  it('finds strangers who were handed it, if there is time', async () => {
    const { search, lookAtAll, hold } = await open({ 1: {}, 10: { sockets: { 4: 5 } }, 20: holder });
    lookAtAll();
    hold(10, 8);
    expect(await search(kinOnly)).toEqual([20]);
    expect(await search()).toEqual([20, 10]);
  });

  it('gives up where the socket has gone, and does not ask before it has to', async () => {
    const { search, tree, drop } = await open({ 1: {}, 20: holder });
    let asked = 0;
    const isGone = () => Promise.resolve((asked += 1) > 0);
    expect(await search(ample, { isGone })).toEqual([]);
    expect(asked).toBe(1);
    expect(await search(ample, { isGone: () => Promise.resolve(false) })).toEqual([20]);
    expect(await search(ample, { isGone })).toEqual([20]);
    expect(asked).toBe(1);
    drop(20, 3);
    rmSync(tree.proc, { recursive: true });
  });

  it('gives up when the first holder is not found in time', async () => {
    const { search } = await open({ 1: {}, 10: holder, 20: {} });
    await expect(search({ ...ample, firstMs: -1 })).rejects.toThrow('timed out');
  });
});

describe('glance', () => {
  it('remembers what the newest hold, which may end any moment', async () => {
    const { memory, roster, tree, hold, search } = await open({ 1: {} });
    mkdirSync(`${tree.proc}/20/fd`, { recursive: true });
    hold(20, 3);
    roster.apply(fork(20, 1));
    const since = performance.now();
    glance(memory, 1000, since); // whom it is told to look at
    expect([...memory.holdings.of(INODE)]).toEqual([]);
    glance(memory, 0, since);
    rmSync(`${tree.proc}/20`, { recursive: true });
    expect(await search(ample, { since })).toEqual([20]);
  });

  it('leaves those alone that are not so new', async () => {
    const { memory, roster, holdings, tree, hold } = await open({ 1: {} });
    mkdirSync(`${tree.proc}/20/fd`, { recursive: true });
    hold(20, 3);
    roster.apply(fork(20, 1, performance.now() - 5000));
    glance(memory, 0, performance.now());
    expect([...holdings.of(INODE)]).toEqual([]);
  });
});

describe('openHoldings', () => {
  it('forgets a process, not those who hold the same', async () => {
    const { roster, holdings, lookAtAll } = await open({ 1: {}, 10: holder, 20: holder, 30: holder });
    lookAtAll();
    expect(holdings.size).toBe(3);
    holdings.forget(roster.get(20)!);
    expect([...holdings.of(INODE)].map(({ process }) => process.pid).sort()).toEqual([10, 30]);
    holdings.forget(roster.get(10)!);
    holdings.forget(roster.get(30)!);
    expect([...holdings.of(INODE)]).toEqual([]);
    expect(holdings.size).toBe(0);
  });

  it('counts a socket once, however often it is seen', async () => {
    const { roster, holdings } = await open({ 1: {}, 10: holder });
    const process = roster.get(10)!;
    for (let times = 0; times < 3; times++) {
      holdings.peek(process, '3');
      holdings.read(process);
    }
    expect(holdings.size).toBe(1);
    expect([...holdings.of(INODE)]).toHaveLength(1);
  });
});
