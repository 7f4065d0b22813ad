import type { Flow } from '../events.js';
import { linkIndex } from '../netlink/link.js';
import type { Asked } from '../netlink/prompt.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import { protocolNumber } from '../protocol.js';
import { climb, climbToBest, type Standing } from './ladder.js';
import type { Listing } from './listing.js';
import { findPortless } from './portless.js';
import { findConnection, listCarriers } from './sock-diag.js';
import { isConnected, isNotAccepted, TCP_LISTEN, type Socket } from './socket.js';

/** Where sockets are looked up. */
export interface Kernel {
  /** NETLINK_SOCK_DIAG. */
  diag: Asked;
  list: Listing;
  /** NETLINK_ROUTE. */
  route: NetlinkSocket;
  /** Root of procfs. */
  proc: string;
}

/** The sockets that a packet may have come from, and who told of them. */
export interface Finding {
  via: 'sock-diag' | 'procfs';
  standing: Standing;
  /** When the kernel was asked (performance.now()). */
  asked: number;
  /** Asks whether they are there still. */
  again(): Promise<Standing>;
}

/**
 * Finds the sockets that a flow's packet may have come from, as they were at some time after `since`.
 * @throws as {@link Asked.request}
 */
export async function findSockets(kernel: Kernel, flow: Flow, since: number): Promise<Finding> {
  const again = async () => (await findSockets(kernel, flow, performance.now())).standing;
  switch (flow.protocol) {
    case 'tcp':
      return { via: 'sock-diag', again, ...(await tcp(kernel, flow, since)) };
    case 'udp':
    case 'udplite':
    case 'sctp':
    case 'dccp':
      return { via: 'sock-diag', again, ...(await datagram(kernel, flow, since)) };
    default:
      return { via: 'procfs', again, asked: performance.now(), standing: findPortless(kernel.proc, flow) };
  }
}

/** What one kind of protocol has to say. */
type Found = Pick<Finding, 'standing' | 'asked'> & Partial<Pick<Finding, 'again'>>;

async function tcp(kernel: Kernel, flow: Flow, since: number): Promise<Found> {
  const request = requestFor(flow);
  const ask = async () => (await findConnection(kernel.diag, request.protocol, flow)).filter(isConnected);
  const asked = performance.now();
  const found = await ask();
  if (found.length > 0) {
    const again = async () => standingOf(kernel, flow, await ask());
    return { standing: await standingOf(kernel, flow, found), asked, again };
  }
  // bound to a device, it is in the table but not found by its 5-tuple
  const listed = await kernel.list({ ...request, dport: flow.dst.port }, since);
  const connected = listed.sockets.filter(isConnected);
  return { standing: await standingOf(kernel, flow, connected), asked: listed.asked };
}

/** Those of a connection that is not yet accepted are its listener's. */
async function standingOf(kernel: Kernel, flow: Flow, connected: Socket[]): Promise<Standing> {
  const standing = climb(connected, flow);
  if (standing.kind !== 'orphaned' || !connected.some(isNotAccepted)) return standing;
  return climbToBest(await listCarriers(kernel.diag, { ...requestFor(flow), states: [TCP_LISTEN] }), flow);
}

/** All sockets of the port, not the kernel's one best: of several with SO_REUSEPORT it would name any. */
async function datagram(kernel: Kernel, flow: Flow, since: number): Promise<Found> {
  const { sockets, asked } = await kernel.list(requestFor(flow), since);
  return { standing: climb(sockets, flow, await leavesBy(kernel, flow, sockets)), asked };
}

/** The device that a socket bound to a device must have. What goes to this machine's own addresses leaves by lo, whatever the socket is bound to. */
async function leavesBy(kernel: Kernel, flow: Flow, candidates: Socket[]): Promise<number | undefined> {
  if (flow.oif === 'lo' || candidates.every(({ device }) => device === 0)) return undefined;
  return linkIndex(kernel.route, flow.oif);
}

function requestFor(flow: Flow) {
  return { family: flow.family, protocol: protocolNumber(flow.protocol) ?? 0, sport: flow.src.port ?? 0 };
}
