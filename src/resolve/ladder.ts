import ipaddr from 'ipaddr.js';
import type { Flow } from '../events.js';
import { canonical } from './address.js';
import type { Socket } from './socket.js';

/** What the sockets of a port say about who sent a packet: `owned` names those that may have, `orphaned` means that no file belongs to them any more. */
export type Standing =
  { kind: 'owned'; grade: 'exact' | 'wildcard'; sockets: Socket[] } | { kind: 'orphaned' } | { kind: 'none' };

/** The part of a flow that a socket is held against; a port left out is not compared. */
export type Sender = Pick<Flow, 'family' | 'src' | 'dst' | 'uid'>;

/*
 * packet seen                              | what the kernel reports (local, remote)        | rung
 * -----------------------------------------|------------------------------------------------|---------
 * from a connected socket                  | S:p, D:q                                       | exact
 * IPv4 from a connected AF_INET6 socket    | ::ffff:S:p, ::ffff:D:q (read as S:p, D:q)      | exact
 * sendto() from a socket bound to S        | S:p, 0.0.0.0:0 or [::]:0                       | wildcard
 * sendto() from a socket bound to no addr. | 0.0.0.0:p, 0.0.0.0:0                           | wildcard, last
 * IPv4 from such an AF_INET6 socket        | [::]:p, [::]:0, SKV6ONLY 0                     | wildcard, last
 * from a socket bound to a multicast group | group:p, 0.0.0.0:0; S is then the route's      | wildcard, last
 * connect() to D, seen as its SYN          | S:p, D:q in SYN-SENT                           | exact
 * the socket was closed meanwhile          | S:p, D:q, inode 0 (TIME_WAIT, FIN-WAIT), or -  | orphaned, none
 * from another socket on the port          | S2:p, or D2:q2, or another device or uid       | never
 *
 * Each that fits may have sent it, on whatever rung: a port can be shared (SO_REUSEPORT). Only if all have the same
 * owner is it known who sent the packet. The best rung is the grade.
 */
const rungs = [
  { grade: 'exact', fits: (local: Fit, peer: Fit) => local === 'same' && peer === 'same' },
  { grade: 'wildcard', fits: (local: Fit, peer: Fit) => local === 'same' && peer === 'any' },
  { grade: 'wildcard', fits: (local: Fit, _peer: Fit) => local === 'any' },
] as const;

type Fit = 'same' | 'any' | 'other';

/**
 * Finds the sockets that a packet may have come from among those of its local port.
 * @param device index of the device that the packet leaves by; undefined where that proves nothing
 */
export function climb(candidates: readonly Socket[], sender: Sender, device?: number): Standing {
  const [best, ...others] = occupied(candidates, sender, device);
  if (best === undefined) return { kind: 'none' };
  const sockets = uniqueInodes([best, ...others].flatMap(({ found }) => found));
  const isOrphaned = best.found.every(({ inode }) => inode === 0);
  return isOrphaned ? { kind: 'orphaned' } : { kind: 'owned', grade: best.grade, sockets };
}

/** The same for what the kernel itself chooses a socket for: the best rung alone counts. */
export function climbToBest(candidates: readonly Socket[], sender: Sender): Standing {
  const [best] = occupied(candidates, sender);
  const sockets = uniqueInodes(best?.found ?? []);
  if (best === undefined || sockets.length === 0) return { kind: best ? 'orphaned' : 'none' };
  return { kind: 'owned', grade: best.grade, sockets };
}

/** The rungs on which there are sockets, the best first. */
function occupied(candidates: readonly Socket[], sender: Sender, device?: number) {
  const flow = {
    ...sender,
    src: { ...sender.src, address: canonical(sender.src.address) },
    dst: { ...sender.dst, address: canonical(sender.dst.address) },
  };
  const fitting = candidates.filter(
    socket =>
      (flow.uid === null || socket.uid === flow.uid || socket.inode === 0) &&
      (device === undefined || socket.device === 0 || socket.device === device),
  );
  return rungs
    .map(({ grade, fits }) => ({
      grade,
      found: fitting.filter(socket => {
        const [local, peer] = [localFit(socket, flow), peerFit(socket, flow)];
        return local !== 'other' && peer !== 'other' && fits(local, peer);
      }),
    }))
    .filter(({ found }) => found.length > 0);
}

function localFit({ local, v6Only }: Socket, { family, src }: Sender): Fit {
  if (src.port !== undefined && local.port !== src.port) return 'other';
  if (local.address === src.address) return 'same';
  const unbound =
    family === 'ipv6'
      ? local.address === '::'
      : local.address === '0.0.0.0' || (local.address === '::' && !v6Only);
  return unbound || isGroup(local.address, family) ? 'any' : 'other';
}

function peerFit({ remote }: Socket, { dst }: Sender): Fit {
  if (remote.address === '0.0.0.0' || remote.address === '::') return 'any';
  return remote.address === dst.address && (dst.port === undefined || remote.port === dst.port)
    ? 'same'
    : 'other';
}

/** Bound to a group or to broadcast, a socket receives on it and sends from any address. */
function isGroup(address: string, family: Flow['family']): boolean {
  const parsed = ipaddr.parse(address);
  return parsed.kind() === family && ['multicast', 'broadcast'].includes(parsed.range());
}

function uniqueInodes(sockets: readonly Socket[]): Socket[] {
  const owned = sockets.filter(({ inode }) => inode !== 0);
  return [...new Map(owned.map(socket => [socket.inode, socket])).values()];
}
