import type { Flow } from '../events.js';
import { findOwners, soleInode, type Answer } from './owners.js';
import type { NameSender } from './scan.js';
import type { ProcessTable, Sender } from './table.js';

/** The way that has a process table: it knows most holders without a search, and who has just ended. Undefined where it may lack some. */
export function openKnown(
  table: ProcessTable,
): (...args: Parameters<NameSender>) => Promise<Answer | undefined> {
  return async ({ at, flow }, { via, standing, asked, again }, since) => {
    if (standing.kind !== 'owned')
      return fromHistory(table, table.mustHaveSent(flow, at), reasonFor(flow, standing.kind));
    const { sockets } = standing;
    const inode = soleInode(sockets);
    const owners = await findOwners(table, sockets, since, again);
    if (!table.caughtUpTo(since)) return undefined;
    if (typeof owners === 'string') return { reason: owners };
    if (owners.size === 0) {
      const held = inode === null ? [] : table.heldUntil(inode, asked);
      const sender = held.length > 0 ? { holders: held, inode } : table.mustHaveSent(flow, at);
      return fromHistory(table, sender, reasonFor(flow, 'none'));
    }
    const present = table.presentAt(at);
    const holders = [...owners.keys()].filter(present);
    const [socket] = sockets;
    if (inode !== null && socket && holders.length > 0)
      table.remember(flow, { inode, uid: socket.uid, grade: standing.grade, holders });
    const ended = holders.filter(holder => owners.get(holder) === undefined);
    const living = holders.map(holder => owners.get(holder)).filter(info => info !== undefined);
    if (living.length === 0) return fromHistory(table, { holders: ended, inode }, { reason: 'exited' });
    const processes = [...living, ...((ended.length > 0 && table.recall(ended)) || [])];
    return { via, grade: processes.length > 1 ? 'shared' : standing.grade, inode, processes };
  };
}

function fromHistory(table: ProcessTable, sender: Sender | undefined, otherwise: Answer): Answer {
  const processes = sender?.holders.length ? table.recall(sender.holders) : undefined;
  return sender && processes
    ? { via: 'process-table', grade: 'history', inode: sender.inode, processes }
    : otherwise;
}

/** Without a socket and without a user it was the kernel's own; a socket of the kernel's has an inode, and no holder. */
function reasonFor({ uid }: Flow, kind: 'orphaned' | 'none'): Answer {
  return { reason: kind === 'none' && uid === null ? 'kernel' : 'exited' };
}
