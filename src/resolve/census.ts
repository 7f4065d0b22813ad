import { readdir } from 'node:fs/promises';
import { readStat } from '../sys/stat.js';
import { pacer } from './pace.js';
import { readStatus } from './process.js';
import type { Roster, Tracked } from './roster.js';

/** Longest run without a turn for the event loop, in ms. */
const SLICE_MS = 2;

/** Reads which processes there are, in slices, and puts the roster right: at the start, and after events were lost. */
export async function takeCensus(proc: string, roster: Roster): Promise<void> {
  const began = performance.now();
  const pids = (await readdir(proc)).filter(name => /^\d+$/.test(name)).map(Number);
  const parents = new Map<Tracked, number>();
  const pace = pacer(Infinity, SLICE_MS);
  for (const pid of pids.sort((a, b) => a - b)) {
    const ppid = admitOrConfirm(proc, roster, pid);
    const process = roster.get(pid);
    if (process && ppid !== undefined) parents.set(process, ppid);
    if (pace.due()) await pace.turn();
  }
  const found = new Set(pids);
  for (const process of roster.newestFirst()) {
    if (!found.has(process.pid) && process.born < began) roster.strike(process);
  }
  for (const [process, ppid] of parents) adopt(roster, process, ppid);
}

/** Makes a process known that was not seen starting; gives its parent's pid. Undefined where its parent is known already, or it has ended. */
export function admitOrConfirm(proc: string, roster: Roster, pid: number): number | undefined {
  const stat = readStat(proc, pid);
  const known = roster.get(pid);
  if (stat === undefined) return undefined;
  if (known) {
    known.startTime ??= stat.startTime;
    // one that forked before it was read here was admitted without its own parent
    if (known.startTime === stat.startTime) return known.parent ? undefined : stat.ppid;
  }
  const status = readStatus(proc, pid);
  if (status === undefined || (status.isZombie && status.threads < 2)) return undefined;
  const { uids, threads, isZombie } = status;
  roster.admit({
    pid,
    startTime: stat.startTime,
    comm: stat.comm,
    uid: { real: uids[0], effective: uids[1] },
    users: [...new Set(uids)],
    threads: threads - 1,
    isHeadless: isZombie,
  });
  return stat.ppid;
}

/** Learns who a process is that was seen starting, but whose parent had ended before it was known. */
export function identify(proc: string, { users }: Roster, process: Tracked): void {
  const uids = readStatus(proc, process.pid)?.uids;
  if (uids === undefined) return;
  users.remove(process);
  process.uid = { real: uids[0], effective: uids[1] };
  process.users = [...new Set(uids)];
  users.add(process);
}

function adopt(roster: Roster, child: Tracked, ppid: number): void {
  const parent = roster.get(ppid);
  if (parent === undefined || parent === child || child.ended !== undefined) return;
  // the pid may have passed to someone younger
  if ((parent.startTime ?? Infinity) > (child.startTime ?? -Infinity)) return;
  child.parent = parent;
  parent.hasForked = true;
}
