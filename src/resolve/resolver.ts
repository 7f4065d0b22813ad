import { PtrapError } from '../errors.js';
import type { Resolution } from '../events.js';
import type { Match } from '../hooks.js';
import type { Caller } from '../match/source.js';
import { NETLINK_ROUTE } from '../netlink/link.js';
import { openDirectNetlink } from '../netlink/direct.js';
import { openNetlink } from '../netlink/socket.js';
import { openCallers } from './callers.js';
import { openCgroups, type Cgroups } from './cgroups.js';
import { findSockets } from './find.js';
import { openForwarded } from './forwarded.js';
import { openKnown } from './known.js';
import { openListing } from './listing.js';
import type { Answer } from './owners.js';
import { openPasswd } from './passwd.js';
import { openRemains, type RemainsOptions } from './remains.js';
import { openFinder, openScan } from './scan.js';
import { NETLINK_SOCK_DIAG } from './sock-diag.js';
import { findSuspects } from './suspects.js';
import type { ProcessTable } from './table.js';

/** Says which processes a packet came from. */
export interface Resolver extends Disposable {
  /**
   * Never names a process that it is not sure of. `at` must not lie before the packet was really sent: what has been
   * started after it is not taken for its sender.
   * @param arrived when the match reached us (performance.now()); what was learnt since then is recent enough. Default now
   * @param caller who sent it, where the source knows
   * @throws PTRAP_E_NETLINK, PTRAP_E_NETLINK_LOST, PTRAP_E_NETLINK_MALFORMED, PTRAP_E_NETLINK_CLOSED
   */
  resolve(match: Match, arrived?: number, caller?: Caller): Promise<Resolution>;
}

/** What a resolver is opened with. */
export interface ResolverOptions {
  /** Root of procfs. Default /proc. */
  proc?: string;
  /** Asked first, while it is complete; the resolver does not dispose of it. */
  table?: ProcessTable | undefined;
  /** The id of the cgroup that sent lately from a local port. */
  cgroupIdOf?: RemainsOptions['cgroupIdOf'];
  cgroups?: Cgroups;
}

/**
 * A resolver for the network namespace that ptrap runs in.
 * @throws PTRAP_E_NETLINK when the kernel has no sock_diag
 */
export function openResolver({
  proc = '/proc',
  table,
  cgroupIdOf = () => Promise.resolve(undefined),
  cgroups = openCgroups(proc),
}: ResolverOptions = {}): Resolver {
  const diag = openDirectNetlink(NETLINK_SOCK_DIAG);
  const route = openNetlink(NETLINK_ROUTE);
  const kernel = { diag, list: openListing(diag), route, proc };
  const userName = openPasswd();
  const finder = openFinder(proc, userName);
  const scan = openScan(proc, finder);
  const remains = openRemains({ cgroupIdOf, cgroups, userName });
  const known = table && openKnown(table);
  const forwarded = openForwarded(proc, scan);
  const nameCaller = openCallers(proc, table, userName);

  async function identify(match: Match, since: number): Promise<Answer> {
    if (match.flow.packetSocket) return findSuspects(proc, finder, match.flow, since);
    if (match.flow.iif !== undefined) return forwarded(match, since);
    const finding = findSockets(kernel, match.flow, since);
    if (!table?.isComplete || !known) return scan(match, await finding, since);
    // the kernel has been asked; who sent it may end before its answer is read
    table.glance(match.flow.uid ?? 0, since);
    const found = await finding;
    return (await known(match, found, since)) ?? scan(match, found, since);
  }

  return {
    async resolve(match, arrived = performance.now(), caller) {
      const answer = caller
        ? nameCaller(caller)
        : await identify(match, arrived)
            .then(found => remains(match, arrived, found))
            .catch(orTimeout);
      const latencyMs = performance.now() - arrived;
      if ('reason' in answer) return { status: 'unresolved', ...answer, latencyMs };
      return { status: 'resolved', ...answer, latencyMs };
    },
    [Symbol.dispose]() {
      diag[Symbol.dispose]();
      route[Symbol.dispose]();
    },
  };
}

function orTimeout(error: unknown): Answer {
  if (error instanceof PtrapError && error.code === 'PTRAP_E_NETLINK_TIMEOUT') return { reason: 'timeout' };
  throw error;
}
