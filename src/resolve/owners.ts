import type { Grade, ProcessInfo, Sender, UnresolvedReason } from '../events.js';
import type { Finding } from './find.js';
import type { Standing } from './ladder.js';
import type { Wanted } from './search.js';
import type { Socket } from './socket.js';

/** Who sent a packet, or why that is not known. */
export type Answer =
  | { grade: Grade; via: string; inode: number | null; processes: ProcessInfo[]; sender?: Sender }
  | { reason: UnresolvedReason; suspects?: ProcessInfo[] };

/** A way to find who holds a socket, and to say who that is. */
export interface Finder<Holder> {
  /** False when the time was over before anyone was found. */
  findHolders(wanted: Wanted, found: (holder: Holder) => void): Promise<boolean>;
  /** Undefined once it has ended. */
  tell(holder: Holder): ProcessInfo | undefined;
}

/**
 * Who holds the sockets; sockets with different holders leave it open which one sent.
 * @param again asks the kernel once more which sockets there are
 */
export async function findOwners<Holder>(
  { findHolders, tell }: Finder<Holder>,
  sockets: readonly Socket[],
  since: number,
  again?: Finding['again'],
): Promise<Map<Holder, ProcessInfo | undefined> | 'ambiguous' | 'timeout'> {
  const owners = new Map<Holder, ProcessInfo | undefined>();
  for (const [index, { inode, uid }] of sockets.entries()) {
    const holders = new Set<Holder>();
    const isGone = async () => again !== undefined && !hasSocket(await again(), inode);
    const inTime = await findHolders({ inode, uid, since, isGone }, holder => {
      holders.add(holder);
      if (index === 0) owners.set(holder, tell(holder));
    });
    if (!inTime) return 'timeout';
    if (holders.size !== owners.size || [...holders].some(holder => !owners.has(holder))) return 'ambiguous';
  }
  return owners;
}

function hasSocket(standing: Standing, inode: number): boolean {
  return standing.kind === 'owned' && standing.sockets.some(socket => socket.inode === inode);
}

/** The inode of the socket, where there is but one. */
export function soleInode(sockets: readonly Socket[]): number | null {
  return sockets.length === 1 ? (sockets[0]?.inode ?? null) : null;
}
