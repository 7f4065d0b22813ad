import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDescriptors } from '../../src/resolve/descriptors.js';
import { findHolders, type Budget } from '../../src/resolve/fd.js';
import { openProcTree, type FakeProcess } from './proc-tree.js';

const INODE = 31337;
const ample: Budget = { firstMs: 10_000, kinMs: 10_000, strangersMs: 10_000 };
const holder = { sockets: { 3: INODE } };

async function holders(processes: Record<number, FakeProcess>, budget = ample) {
  const tree = openProcTree(processes);
  return await search(tree.proc, budget);
}

async function search(proc: string, budget: Budget = ample): Promise<number[]> {
  const pids: number[] = [];
  const where = { proc, descriptors: openDescriptors(proc) };
  const inTime = await findHolders(
    where,
    { inode: INODE, uid: 0, since: performance.now() },
    pid => pids.push(pid),
    budget,
  );
  if (!inTime) throw new Error('timed out');
  return pids;
}

describe('findHolders', () => {
  it('finds the one holder, not those of other sockets', async () => {
    expect(await holders({ 1: {}, 10: { sockets: { 3: 3133, 4: 313370 } }, 20: holder })).toEqual([20]);
  });

  it('finds nobody where nobody holds it', async () => {
    expect(await holders({ 1: {}, 10: { sockets: { 3: 5 } } })).toEqual([]);
  });

  it('lists all holders once, the newest first, however they came by it', async () => {
    const found = await holders({
      1: { children: [10, 40] },
      10: { ...holder, ppid: 1, children: [20, 21] }, // opened it
      20: { ...holder, ppid: 10 }, // a fork
      21: { ppid: 10, sockets: { 0: INODE } }, // a fork that moved it
      30: { ...holder, ppid: 1 }, // a fork whose parent has gone
      40: { ppid: 1, sockets: { 9: INODE } }, // took it over a unix socket
      50: { ppid: 1 },
    });
    expect(found).toHaveLength(5);
    expect(found[0]).toBe(40);
    expect(new Set(found)).toEqual(new Set([10, 20, 21, 30, 40]));
  });

  it('looks for strangers only as far as the time goes', async () => {
    const handedOver = { sockets: { 9: INODE } };
    expect(await holders({ 10: handedOver, 20: holder }, { ...ample, strangersMs: -1 })).toEqual([20]);
  });

  it('gives up when there is no time to see whether the first is the only one', async () => {
    await expect(holders({ 10: holder, 20: holder }, { ...ample, kinMs: -1 })).rejects.toThrow('timed out');
  });

  it('gives up when the first holder is not found in time', async () => {
    await expect(
      holders({ 10: holder, 20: {} }, { firstMs: -1, kinMs: 10, strangersMs: 10 }),
    ).rejects.toThrow('timed out');
  });

  it('goes on past processes that end while it looks', async () => {
    const tree = openProcTree({ 10: holder, 20: {}, 30: {} });
    rmSync(join(tree.proc, '20/fd'), { recursive: true });
    rmSync(join(tree.proc, '10/stat'));
    rmSync(join(tree.proc, '10/task'), { recursive: true });
    expect(await search(tree.proc)).toEqual([10]);
  });
});

describe('openDescriptors', () => {
  it('shares what overlapping searches read, and reads anew for one that began later', () => {
    const tree = openProcTree({ 10: holder });
    const descriptors = openDescriptors(tree.proc);
    const now = performance.now();
    const early = descriptors.search(INODE, now);
    const twin = descriptors.search(INODE, now);
    expect(early.find(10)).toBe('3');
    rmSync(join(tree.proc, '10/fd/3'));
    expect(twin.find(10)).toBe('3');
    const late = descriptors.search(INODE, performance.now());
    expect(late.find(10)).toBeUndefined();
  });
});
