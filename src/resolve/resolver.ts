import { PtrapError } from '../errors.js';
import type { Grade, ProcessInfo, Resolution, UnresolvedReason } from '../events.js';
import type { Match } from '../hooks.js';
import { NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import { openDescriptors, type Descriptors } from './descriptors.js';
import { findHolders } from './fd.js';
import { findSockets, type Kernel } from './find.js';
import { openPasswd } from './passwd.js';
import { readProcess } from './process.js';
import { NETLINK_SOCK_DIAG } from './sock-diag.js';
import type { Socket } from './socket.js';
import { presentAt } from '../sys/stat.js';

/** Says which processes a packet came from. */
export interface Resolver extends Disposable {
  /**
   * Never names a process that it is not sure of. `at` must not lie before the packet was really sent: what has been
   * started after it is not taken for its sender.
   * @throws PTRAP_E_NETLINK, PTRAP_E_NETLINK_LOST, PTRAP_E_NETLINK_MALFORMED, PTRAP_E_NETLINK_CLOSED
   */
  resolve(match: Match): Promise<Resolution>;
}

type Answer =
  | { grade: Grade; via: string; inode: number | null; processes: ProcessInfo[] }
  | { reason: UnresolvedReason };

/**
 * A resolver for the network namespace that ptrap runs in.
 * @throws PTRAP_E_NETLINK when the kernel has no sock_diag
 */
export function openResolver(proc = '/proc'): Resolver {
  const diag = openNetlink(NETLINK_SOCK_DIAG);
  const route = openNetlink(NETLINK_ROUTE);
  const userName = openPasswd();
  const machine = { diag, route, proc, descriptors: openDescriptors(proc) };

  return {
    async resolve(match) {
      const start = performance.now();
      const answer = await identify(machine, match, userName, start).catch(orTimeout);
      const latencyMs = performance.now() - start;
      if ('reason' in answer) return { status: 'unresolved', reason: answer.reason, latencyMs };
      return { status: 'resolved', ...answer, latencyMs };
    },
    [Symbol.dispose]() {
      diag[Symbol.dispose]();
      route[Symbol.dispose]();
    },
  };
}

async function identify(
  kernel: Kernel & { descriptors: Descriptors },
  { at, flow }: Match,
  userName: (uid: number) => string | null,
  since: number,
): Promise<Answer> {
  const { via, standing } = await findSockets(kernel, flow);
  if (standing.kind === 'orphaned') return { reason: 'exited' };
  const gone = { reason: flow.uid === null ? 'kernel' : 'exited' } as const;
  if (standing.kind === 'none') return gone;
  const present = presentAt(kernel.proc, at);
  const owners = await findOwners(kernel, standing.sockets, since, pid =>
    readProcess(kernel.proc, pid, userName),
  );
  if (typeof owners === 'string') return { reason: owners };
  if (owners.size === 0) return gone; // a socket of the kernel's own has an inode too
  const processes = [...owners.values()]
    .filter(process => process !== undefined)
    .filter(({ startTime }) => present(startTime));
  if (processes.length === 0) return { reason: 'exited' };
  const inode = standing.sockets.length === 1 ? (standing.sockets[0]?.inode ?? null) : null;
  return { via, grade: processes.length > 1 ? 'shared' : standing.grade, inode, processes };
}

/** Who holds the sockets, by pid; sockets with different holders leave it open which one sent. */
async function findOwners<Process>(
  where: { proc: string; descriptors: Descriptors },
  sockets: readonly Socket[],
  since: number,
  read: (pid: number) => Process,
): Promise<Map<number, Process> | 'ambiguous' | 'timeout'> {
  const owners = new Map<number, Process>();
  for (const [index, socket] of sockets.entries()) {
    const pids = new Set<number>();
    const inTime = await findHolders(where, { ...socket, since }, pid => {
      pids.add(pid);
      if (index === 0) owners.set(pid, read(pid));
    });
    if (!inTime) return 'timeout';
    if (pids.size !== owners.size || [...pids].some(pid => !owners.has(pid))) return 'ambiguous';
  }
  return owners;
}

function orTimeout(error: unknown): Answer {
  if (error instanceof PtrapError && error.code === 'PTRAP_E_NETLINK_TIMEOUT') return { reason: 'timeout' };
  throw error;
}
