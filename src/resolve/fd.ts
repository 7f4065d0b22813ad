import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readStat } from './stat.js';

/** Which processes hold a socket: /proc/<pid>/fd (proc(5)). Calls are synchronous, at 3 µs each a tenth of what the thread pool takes. */

/** Who holds a socket. */
export interface Holders {
  pids: number[];
  /** The search ran out of time before it found anyone. */
  timedOut: boolean;
}

/** How long a search may take, in ms. */
export interface Budget {
  /** For the first holder. */
  firstMs: number;
  /** For all others; those who are no relatives of the first and hold it under another number come last. */
  othersMs: number;
}

const budgetDefault: Budget = { firstMs: 1000, othersMs: 25 };
/** Longest run without a turn for the event loop, in ms. */
const SLICE_MS = 4;

/**
 * Finds every process that holds the socket `inode`: the newest first, those of `uid` before others, then the first
 * holder's relatives and whoever has it under the same number, as a fork leaves it.
 */
export async function findHolders(
  proc: string,
  inode: number,
  uid: number,
  { firstMs, othersMs }: Budget = budgetDefault,
): Promise<Holders> {
  const search = { proc, link: `socket:[${inode}]`, checked: new Set<number>() };
  const pids = listPids(proc);
  const first = await firstHolder(search, byUid(proc, pids, uid), deadline(firstMs));
  if (first === undefined || first === 'late') return { pids: [], timedOut: first === 'late' };
  const found = new Set([first.pid]);
  const pace = deadline(othersMs);
  const passes: [Iterable<number>, (pid: number) => boolean][] = [
    [relatives(proc, first.pid), pid => fdOf(search, pid) !== undefined],
    [pids, pid => has(search, pid, first.fd)],
    [pids, pid => fdOf(search, pid) !== undefined],
  ];
  for (const [candidates, holds] of passes) {
    for (const pid of candidates) {
      if (pace.over()) break;
      if (!search.checked.has(pid) && holds(pid)) found.add(pid);
      if (pace.due()) await pace.turn();
    }
  }
  return { pids: [...found], timedOut: false };
}

interface Search {
  proc: string;
  link: string;
  /** Processes whose descriptors have all been seen. */
  checked: Set<number>;
}

async function firstHolder(search: Search, pids: Iterable<number>, pace: Deadline) {
  for (const pid of pids) {
    const fd = fdOf(search, pid);
    if (fd !== undefined) return { pid, fd };
    if (pace.over()) return 'late';
    if (pace.due()) await pace.turn();
  }
  return undefined;
}

/** The number under which the process holds the socket; looks at all of its descriptors. */
function fdOf(search: Search, pid: number): string | undefined {
  search.checked.add(pid);
  try {
    return readdirSync(`${search.proc}/${pid}/fd`)
      .reverse()
      .find(fd => points(search, pid, fd));
  } catch {
    return undefined; // it has ended, or is not ours to look into
  }
}

function points({ proc, link }: Search, pid: number, fd: string): boolean {
  try {
    return readlinkSync(`${proc}/${pid}/fd/${fd}`) === link;
  } catch {
    return false; // closed meanwhile
  }
}

/** lstat first: it says no without the cost of an exception. */
function has(search: Search, pid: number, fd: string): boolean {
  const path = `${search.proc}/${pid}/fd/${fd}`;
  const held = lstatSync(path, { throwIfNoEntry: false }) !== undefined && points(search, pid, fd);
  if (held) search.checked.add(pid);
  return held;
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
    if (statSync(`${proc}/${pid}`, { throwIfNoEntry: false })?.uid === uid) yield pid;
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
  const seen = new Set<number>();
  for (let at = readStat(proc, pid)?.ppid ?? 0; at > 0 && !seen.has(at); at = readStat(proc, at)?.ppid ?? 0) {
    seen.add(at);
    yield at;
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

interface Deadline {
  over(): boolean;
  /** Whether the event loop is owed a turn. */
  due(): boolean;
  turn(): Promise<void>;
}

function deadline(ms: number): Deadline {
  const end = performance.now() + ms;
  let slice = performance.now() + SLICE_MS;
  return {
    over: () => performance.now() > end,
    due: () => performance.now() > slice,
    async turn() {
      await setImmediate();
      slice = performance.now() + SLICE_MS;
    },
  };
}
