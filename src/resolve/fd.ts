import { readdirSync, readFileSync } from 'node:fs';
import { lookAt, readStat } from '../sys/stat.js';
import type { Descriptors, Search } from './descriptors.js';
import { pacer, type Pacer } from './pace.js';

/** Which processes hold a socket. */

/** How long a search may take, in ms. */
export interface Budget {
  /** For the first holder. */
  firstMs: number;
  /** For its relatives, and for those who have the socket under the same number, as a fork leaves it: any of them may have sent. */
  kinMs: number;
  /** For anyone else, who must have been handed it (unix(7), SCM_RIGHTS): rare, and it means reading all of /proc. */
  strangersMs: number;
}

const budgetDefault: Budget = { firstMs: 1000, kinMs: 250, strangersMs: 1 };

/**
 * Finds every process that holds the socket `inode` and gives each to `found` at once, since it may end any moment:
 * the newest first, those of `uid` before others; then the first one's kin; then strangers.
 * @param socket.since when its packet was seen, or later (performance.now())
 * @returns false when the time was over before the first one was found, or before it was sure to be the only one
 */
export async function findHolders(
  { proc, descriptors }: { proc: string; descriptors: Descriptors },
  { inode, uid, since }: { inode: number; uid: number; since: number },
  found: (pid: number) => void,
  budget: Budget = budgetDefault,
): Promise<boolean> {
  const search = descriptors.search(inode, since);
  const pids = listPids(proc);
  const first = await findFirst(search, byUid(proc, pids, uid), pacer(budget.firstMs));
  if (first === 'late') return false;
  if (first === undefined) return true;
  found(first.pid);
  const known = new Set([first.pid]);
  const check = async (candidates: Iterable<number>, holds: (pid: number) => boolean, pace: Pacer) => {
    for (const pid of candidates) {
      if (pace.over()) return false;
      if (pace.due()) await pace.turn();
      if (known.has(pid) || search.seen(pid) || !holds(pid)) continue;
      known.add(pid);
      found(pid);
    }
    return true;
  };
  const kin = pacer(budget.kinMs);
  const areKinFound =
    (await check(relatives(proc, first.pid), pid => search.find(pid) !== undefined, kin)) &&
    (await check(pids, pid => search.holds(pid, first.fd), kin));
  // of several it is not told which one has sent, however many there are
  if (!areKinFound && known.size === 1) return false;
  await check(pids, pid => search.find(pid) !== undefined, pacer(budget.strangersMs));
  return true;
}

async function findFirst(search: Search, pids: Iterable<number>, pace: Pacer) {
  for (const pid of pids) {
    const fd = search.find(pid);
    if (fd !== undefined) return { pid, fd };
    if (pace.over()) return 'late';
    if (pace.due()) await pace.turn();
  }
  return undefined;
}

/** Newest first, as far as numbers tell. */
function listPids(proc: string): number[] {
  return readdirSync(proc)
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);
}

/** Those whose /proc folder belongs to `uid`, then the rest. */
function* byUid(proc: string, pids: readonly number[], uid: number): Iterable<number> {
  const rest: number[] = [];
  for (const pid of pids) {
    if (lookAt(`${proc}/${pid}`)?.uid === uid) yield pid;
    else rest.push(pid);
  }
  yield* rest;
}

/** Descendants, then ancestors. */
function* relatives(proc: string, pid: number): Iterable<number> {
  const descendants = new Set(childrenOf(proc, pid));
  for (const child of descendants) {
    yield child;
    childrenOf(proc, child).forEach(grandchild => descendants.add(grandchild));
  }
  const ancestors = new Set<number>();
  let at = readStat(proc, pid)?.ppid ?? 0;
  while (at > 0 && !ancestors.has(at)) {
    ancestors.add(at);
    yield at;
    at = readStat(proc, at)?.ppid ?? 0;
  }
}

function childrenOf(proc: string, pid: number): number[] {
  try {
    return readdirSync(`${proc}/${pid}/task`).flatMap(tid =>
      readFileSync(`${proc}/${pid}/task/${tid}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // it has ended, or the kernel has no CONFIG_PROC_CHILDREN
  }
}
