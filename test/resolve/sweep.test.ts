import { expect, it, onTestFinished, vi } from 'vitest';
import { failure } from '../../src/errors.js';
import { takeCensus } from '../../src/resolve/census.js';
import { openHoldings } from '../../src/resolve/holdings.js';
import { openPrograms } from '../../src/resolve/programs.js';
import { openRoster } from '../../src/resolve/roster.js';
import { openSweep } from '../../src/resolve/sweep.js';
import { openProcessTable } from '../../src/resolve/table.js';
import { fork } from './events.js';
import { openProcTree, type FakeProcess } from './proc-tree.js';

/** A machine of so many processes, each with two sockets of its own. */
async function sweepMany(count: number) {
  const processes = Array.from({ length: count }, (_, at): [number, FakeProcess] => [
    at + 1,
    { sockets: { 3: 1000 + at, 4: 2000 + at }, files: { cmdline: `program\0${at}\0` } },
  ]);
  const { proc } = openProcTree(Object.fromEntries(processes));
  const roster = openRoster(() => undefined);
  await takeCensus(proc, roster);
  const holdings = openHoldings(proc);
  const programs = openPrograms(proc, { onShed: () => undefined, onCgroup: () => undefined });
  const sweep = openSweep({ proc, roster, holdings, programs });
  onTestFinished(() => sweep[Symbol.dispose]());
  return { roster, holdings, sweep };
}

it('knows the sockets of all after its first round, and then what they run', async () => {
  const { roster, holdings, sweep } = await sweepMany(150);
  expect(holdings.size).toBe(0);
  await sweep.firstRound;
  expect(holdings.size).toBe(300);
  expect(roster.newestFirst().filter(({ seen }) => seen === undefined)).toEqual([]);
  await vi.waitUntil(() => roster.newestFirst().every(({ program }) => program.image), { timeout: 5000 });
  expect(roster.get(7)?.program.image?.argv).toEqual(['program', '6']);
});

it('looks at one that has begun in a later round, if it lives on', async () => {
  const { roster, sweep } = await sweepMany(2);
  await sweep.firstRound;
  roster.apply(fork(3, 1));
  sweep.began();
  expect(roster.get(3)?.seen).toBeUndefined();
  await vi.waitUntil(() => roster.get(3)?.seen, { timeout: 5000 });
});

it('is not waited for where the kernel tells of no processes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  using table = openProcessTable({
    proc: openProcTree({}).proc,
    say: line => said.push(line),
    onCgroup: () => undefined,
    listen() {
      throw failure('PTRAP_E_PROC_CONNECTOR', 'EPERM');
    },
  });
  await table.settled;
  expect(said).toEqual([expect.stringContaining('/proc is searched for each match')]);
});
