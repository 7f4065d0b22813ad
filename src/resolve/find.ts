import type { Flow } from '../events.js';
import { linkIndex } from '../netlink/link.js';
import type { Asked } from '../netlink/prompt.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import { protocolNumber } from '../protocol.js';
import { climb, climbToBest, type Standing } from './ladder.js';
import { readSocketTable } from './proc-net.js';
import type { Listing } from './listing.js';
import { findConnection, listCarriers } from './sock-diag.js';
import { TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_LISTEN, TCP_SYN_RECV, type Socket } from './socket.js';

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
}

const IPPROTO_RAW = 255;
/** Only echo requests come from a ping socket (linux/icmp.h, linux/icmpv6.h). */
const ECHO_REQUEST = { ipv4: 8, ipv6: 128 } as const;
/** A socket in these states without an inode is not yet accepted: its packets are the listener's. */
const NOT_ACCEPTED = [TCP_SYN_RECV, TCP_ESTABLISHED, TCP_CLOSE_WAIT];

/**
 * Finds the sockets that a flow's packet may have come from, as they were at some time after `since`.
 * @throws as {@link Asked.request}
 */
export async function findSockets(kernel: Kernel, flow: Flow, since: number): Promise<Finding> {
  const asked = performance.now();
  switch (flow.protocol) {
    case 'tcp':
      return { via: 'sock-diag', standing: await tcp(kernel, flow), asked };
    case 'udp':
    case 'udplite':
    case 'sctp':
    case 'dccp':
      return { via: 'sock-diag', ...(await datagram(kernel, flow, since)) };
    default:
      return { via: 'procfs', standing: ping(kernel, flow) ?? raw(kernel, flow), asked };
  }
}

async function tcp(kernel: Kernel, flow: Flow): Promise<Standing> {
  const filter = requestFor(flow);
  let found = (await findConnection(kernel.diag, filter.protocol, flow)).filter(connected);
  // bound to a device, it is in the table but not found by its 5-tuple
  if (found.length === 0) {
    const listed = await listCarriers(kernel.diag, { ...filter, dport: flow.dst.port });
    found = listed.filter(connected);
  }
  const standing = climb(found, flow);
  if (standing.kind !== 'orphaned' || !found.some(({ state }) => NOT_ACCEPTED.includes(state)))
    return standing;
  return climbToBest(await listCarriers(kernel.diag, { ...filter, states: [TCP_LISTEN] }), flow);
}

/** All sockets of the port, not the kernel's one best: of several with SO_REUSEPORT it would name any. */
async function datagram(kernel: Kernel, flow: Flow, since: number): Promise<Omit<Finding, 'via'>> {
  const { sockets, asked } = await kernel.list(requestFor(flow), since);
  return { standing: climb(sockets, flow, await leavesBy(kernel, flow, sockets)), asked };
}

/** The device that a socket bound to a device must have. What goes to this machine's own addresses leaves by lo, whatever the socket is bound to. */
async function leavesBy(kernel: Kernel, flow: Flow, candidates: Socket[]): Promise<number | undefined> {
  if (flow.oif === 'lo' || candidates.every(({ device }) => device === 0)) return undefined;
  return linkIndex(kernel.route, flow.oif);
}

/** A ping socket's local port is the ICMP id, which the kernel keeps unique. */
function ping({ proc }: Kernel, flow: Flow): Standing | undefined {
  if (flow.icmp?.id === undefined || flow.icmp.type !== ECHO_REQUEST[flow.family]) return undefined;
  const table = readSocketTable(proc, flow.family === 'ipv4' ? 'icmp' : 'icmp6');
  const standing = climb(table, portless(flow, flow.icmp.id));
  return standing.kind === 'owned' ? { ...standing, grade: 'exact' } : undefined;
}

/** Raw sockets of the protocol, or of IPPROTO_RAW, which may send any. The kernel's own packets have no uid. */
function raw({ proc }: Kernel, flow: Flow): Standing {
  if (flow.uid === null) return { kind: 'none' };
  const protocols = [protocolNumber(flow.protocol), IPPROTO_RAW];
  const table = readSocketTable(proc, flow.family === 'ipv4' ? 'raw' : 'raw6');
  const standing = climb(
    table.filter(({ local }) => protocols.includes(local.port)),
    portless(flow),
  );
  return standing.kind === 'owned' ? { ...standing, grade: 'wildcard' } : standing;
}

function portless({ family, uid, src, dst }: Flow, port?: number) {
  return {
    family,
    uid,
    src: { address: src.address, ...(port === undefined ? {} : { port }) },
    dst: { address: dst.address },
  };
}

function requestFor(flow: Flow) {
  return { family: flow.family, protocol: protocolNumber(flow.protocol) ?? 0, sport: flow.src.port ?? 0 };
}

function connected({ state, remote }: Socket): boolean {
  return state !== TCP_LISTEN && remote.port !== 0;
}
