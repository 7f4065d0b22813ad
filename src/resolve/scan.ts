import type { Match } from '../hooks.js';
import { presentAt } from '../sys/stat.js';
import { openDescriptors } from './descriptors.js';
import { findHolders } from './fd.js';
import type { Finding } from './find.js';
import { findOwners, soleInode, type Answer, type Finder } from './owners.js';
import { readProcess, type UserName } from './process.js';

/** Names who sent a packet by what its sockets say, for one way to know who holds them. */
export type NameSender = (match: Match, finding: Finding, since: number) => Promise<Answer>;

/** Finds holders of sockets in /proc, which it searches for each. */
export function openFinder(proc: string, userName: UserName): Finder<number> {
  const descriptors = openDescriptors(proc);
  return {
    findHolders: (wanted, found) => findHolders({ proc, descriptors }, wanted, found),
    tell: pid => readProcess(proc, pid, userName),
  };
}

/** The way that needs nothing but /proc. */
export function openScan(proc: string, finder: Finder<number>): NameSender {
  return async ({ at, flow }, { via, standing }, since) => {
    if (standing.kind === 'orphaned') return { reason: 'exited' };
    const gone = { reason: flow.uid === null ? 'kernel' : 'exited' } as const;
    if (standing.kind === 'none') return gone;
    const present = presentAt(proc, at);
    const owners = await findOwners(finder, standing.sockets, since);
    if (typeof owners === 'string') return { reason: owners };
    if (owners.size === 0) return gone; // a socket of the kernel's own has an inode too
    const processes = [...owners.values()]
      .filter(process => process !== undefined)
      .filter(({ startTime }) => present(startTime));
    if (processes.length === 0) return { reason: 'exited' };
    const grade = processes.length > 1 ? 'shared' : standing.grade;
    return { via, grade, inode: soleInode(standing.sockets), processes };
  };
}
