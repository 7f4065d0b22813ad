import { countDescriptors, eachDescriptor, socketUnder } from './descriptors.js';
import { isOurs, type Tracked } from './roster.js';

/** A socket that a process was seen to hold, under which number, and when (performance.now()). */
export interface Holding {
  process: Tracked;
  fd: string;
  at: number;
  /** The next of the same socket. */
  next: Holding | undefined;
}

/** Who was seen to hold which socket: what is remembered of /proc/<pid>/fd. */
export interface Holdings {
  /** Those who were seen to hold a socket, the dead ones included. */
  of(inode: number): Iterable<Holding>;
  /** What a process was seen to hold a socket under. */
  by(process: Tracked, inode: number): Holding | undefined;
  /** Looks under one number only; gives the socket. */
  peek(process: Tracked, fd: string): number | undefined;
  /** Looks at all descriptors of a process. */
  read(process: Tracked): void;
  /** The same, and pauses at each of them. */
  readSlowly(process: Tracked): Generator<void, undefined>;
  /** Whether a process may have other descriptors than when it was last looked at, by their number, which is counted again if that was before `since`. */
  hasChanged(process: Tracked, since?: number): boolean;
  forget(process: Tracked): void;
  /** How many are remembered. */
  readonly size: number;
}

/** Opens an empty memory. */
export function openHoldings(proc: string): Holdings {
  const byInode = new Map<number, Holding>();
  const tellsCount = countDescriptors(proc, globalThis.process.pid) > 0;
  let size = 0;

  function by(process: Tracked, inode: number): Holding | undefined {
    let holding = byInode.get(inode);
    while (holding && holding.process !== process) holding = holding.next;
    return holding;
  }

  function put(process: Tracked, inode: number, fd: string, at: number): void {
    const known = by(process, inode);
    if (known) {
      Object.assign(known, { fd, at });
      return;
    }
    byInode.set(inode, { process, fd, at, next: byInode.get(inode) });
    process.sockets.push(inode);
    size += 1;
  }

  function forget(process: Tracked): void {
    for (const inode of process.sockets) {
      let holding = byInode.get(inode);
      byInode.delete(inode);
      for (; holding; holding = holding.next) {
        if (holding.process !== process) byInode.set(inode, { ...holding, next: byInode.get(inode) });
      }
    }
    size -= process.sockets.length;
    process.sockets = [];
    process.seen = undefined;
  }

  function* readSlowly(process: Tracked): Generator<void, undefined> {
    const at = performance.now();
    const found = new Map<number, string>();
    // of our own, the one that lists them is counted, too
    let descriptors = isOurs(process) ? -1 : 0;
    for (const { fd, inode } of eachDescriptor(proc, process.pid)) {
      descriptors += 1;
      if (inode !== undefined) found.set(inode, fd);
      yield;
    }
    if (process.ended !== undefined || (process.seen?.at ?? -Infinity) > at) return; // someone else was faster
    if (descriptors <= 0 && process.seen) return; // it has ended, though that is not known yet
    forget(process);
    process.seen = { at, descriptors };
    for (const [inode, fd] of found) put(process, inode, fd, at);
  }

  return {
    *of(inode) {
      for (let holding = byInode.get(inode); holding; holding = holding.next) yield holding;
    },
    by,
    read(process) {
      for (const _ of readSlowly(process));
    },
    readSlowly,
    peek(process, fd) {
      if (process.ended !== undefined) return undefined;
      const at = performance.now();
      const inode = socketUnder(proc, process.pid, fd);
      process.peeked = fd;
      if (inode !== undefined) put(process, inode, fd, at);
      return inode;
    },
    hasChanged(process, since = Infinity) {
      if (!tellsCount) return true;
      if (process.counted === undefined || process.counted.at < since)
        process.counted = { at: performance.now(), descriptors: countDescriptors(proc, process.pid) };
      return process.seen?.descriptors !== process.counted.descriptors;
    },
    forget,
    get size() {
      return size;
    },
  };
}
