import { countDescriptors, eachDescriptor, holdsSocket } from './descriptors.js';
import type { Tracked } from './roster.js';

/** A socket that a process was seen to hold, and under which number. */
export interface Holding {
  process: Tracked;
  fd: string;
  /** The next of the same socket. */
  next: Holding | undefined;
}

/** Who was seen to hold which socket: what is remembered of /proc/<pid>/fd. Nothing of it is believed unverified. */
export interface Holdings {
  /** Those who were seen to hold a socket, the dead ones included. */
  of(inode: number): Iterable<Holding>;
  /** Whether it still is as it was seen: one look. */
  isSo(holding: Holding, inode: number): boolean;
  /** Looks at all descriptors of a process. */
  read(process: Tracked): void;
  /** The same, and pauses at each of them. */
  readSlowly(process: Tracked): Generator<void, undefined>;
  /** Whether a process may have other descriptors than when it was last looked at, by their number. */
  hasChanged(process: Tracked): boolean;
  forget(process: Tracked): void;
  /** How many are remembered. */
  readonly size: number;
}

/** Opens an empty memory. */
export function openHoldings(proc: string): Holdings {
  const byInode = new Map<number, Holding>();
  const tellsCount = countDescriptors(proc, globalThis.process.pid) > 0;
  let size = 0;

  function forget(process: Tracked): void {
    for (const inode of process.seen?.inodes ?? []) {
      let holding = byInode.get(inode);
      byInode.delete(inode);
      size -= 1;
      for (let kept: Holding | undefined; holding; holding = holding.next) {
        if (holding.process === process) continue;
        kept = { process: holding.process, fd: holding.fd, next: kept };
        byInode.set(inode, kept);
      }
    }
    process.seen = undefined;
  }

  function* readSlowly(process: Tracked): Generator<void, undefined> {
    const at = performance.now();
    const sockets = new Map<number, string>();
    // of our own, the one that lists them is counted, too
    let descriptors = process.pid === globalThis.process.pid ? -1 : 0;
    for (const { fd, inode } of eachDescriptor(proc, process.pid)) {
      descriptors += 1;
      if (inode !== undefined) sockets.set(inode, fd);
      yield;
    }
    if (process.ended !== undefined || (process.seen?.at ?? -Infinity) > at) return; // someone else was faster
    if (descriptors <= 0 && process.seen) return; // it has ended, though that is not known yet
    forget(process);
    process.seen = { at, descriptors, inodes: [...sockets.keys()] };
    for (const [inode, fd] of sockets) byInode.set(inode, { process, fd, next: byInode.get(inode) });
    size += sockets.size;
  }

  return {
    *of(inode) {
      for (let holding = byInode.get(inode); holding; holding = holding.next) yield holding;
    },
    isSo: ({ process, fd }, inode) =>
      process.ended === undefined && holdsSocket(proc, process.pid, fd, inode),
    read(process) {
      for (const _ of readSlowly(process));
    },
    readSlowly,
    hasChanged: ({ pid, seen }) => !tellsCount || seen?.descriptors !== countDescriptors(proc, pid),
    forget,
    get size() {
      return size;
    },
  };
}
