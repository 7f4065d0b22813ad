import { readdirSync, readlinkSync } from 'node:fs';
import { lookAt } from '../sys/stat.js';

/** The sockets behind a process's file descriptors: /proc/<pid>/fd (proc(5)). */

/**
 * A view of them for searches that overlap: what one has read after another's packet was seen need not be read again,
 * so that a flood costs little more than one packet. Calls are synchronous, a tenth of what the thread pool takes.
 */
export interface Descriptors {
  /** Begins a search. What was read after `since` (performance.now()) is recent enough for it. */
  search(inode: number, since: number): Search;
}

export interface Search {
  /** Whether all of the process's descriptors have been looked at. */
  seen(pid: number): boolean;
  /** The number under which a process holds the socket; looks at all of its descriptors. */
  find(pid: number): string | undefined;
  /** Whether it holds the socket under this number. */
  holds(pid: number, fd: string): boolean;
}

/** Numbers of descriptors by the inode of the socket behind them. */
interface Snapshot {
  at: number;
  sockets: Map<number, string>;
}

export function openDescriptors(proc: string): Descriptors {
  const snapshots = new Map<number, Snapshot>();
  let latest = 0;

  return {
    search(inode, since) {
      const seen = new Set<number>();
      if (latest < since) snapshots.clear(); // of no use to this search, nor to later ones
      return {
        seen: pid => seen.has(pid),
        find(pid) {
          seen.add(pid);
          let snapshot = snapshots.get(pid);
          if (snapshot === undefined || snapshot.at < since) {
            latest = performance.now();
            snapshot = { at: latest, sockets: readSockets(proc, pid) };
            snapshots.set(pid, snapshot);
          }
          return snapshot.sockets.get(inode);
        },
        holds: (pid, fd) => socketUnder(proc, pid, fd) === inode,
      };
    },
  };
}

/** The inode of the socket that a process holds under this number; undefined where that is none. */
export function socketUnder(proc: string, pid: number, fd: string): number | undefined {
  const path = `${proc}/${pid}/fd/${fd}`;
  if (lookAt(path) === undefined) return undefined;
  const inode = socketInode(path);
  return inode === 'refused' ? undefined : inode;
}

/** The sockets of a process: numbers of descriptors by inode. */
function readSockets(proc: string, pid: number): Map<number, string> {
  const sockets = new Map<number, string>();
  for (const { fd, inode } of eachDescriptor(proc, pid)) if (inode !== undefined) sockets.set(inode, fd);
  return sockets;
}

/** A process's descriptors with the inodes of those that are sockets; up to the first that we may not look at. */
export function* eachDescriptor(
  proc: string,
  pid: number,
): Generator<{ fd: string; inode: number | undefined }, undefined> {
  for (const fd of list(`${proc}/${pid}/fd`)) {
    const inode = socketInode(`${proc}/${pid}/fd/${fd}`);
    if (inode === 'refused') return;
    yield { fd, inode };
  }
}

/** How many descriptors a process has; 0 where the kernel does not tell (before 6.2) or the process has ended. */
export function countDescriptors(proc: string, pid: number): number {
  return lookAt(`${proc}/${pid}/fd`)?.size ?? 0;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it has ended, or is not ours to look into
  }
}

/** `socket:[31337]` → 31337; `refused` where we may not look: then no descriptor of the process will tell. */
function socketInode(path: string): number | 'refused' | undefined {
  try {
    const target = readlinkSync(path);
    return target.startsWith('socket:[') ? parseInt(target.slice(8), 10) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'refused' : undefined; // or closed meanwhile
  }
}
