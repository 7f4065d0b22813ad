import type { DumpSource } from '../netlink/prompt.js';
import { decodeSocket, dumpParts, listSockets, localPort, type DiagRequest } from './sock-diag.js';
import type { Socket } from './socket.js';

/** Sockets as the kernel had them. */
export interface Listed {
  sockets: Socket[];
  /** When it was asked (performance.now()), of two times the later. */
  asked: number;
}

/** Lists the sockets of a local port that can carry the family, as they were at some time after `since`. */
export type Listing = (
  request: Pick<DiagRequest, 'family' | 'protocol'> & { sport: number },
  since: number,
) => Promise<Listed>;

/** All udp sockets of a family, by local port. */
interface Whole {
  asked: number;
  byPort: Map<number, Buffer[]>;
  /** Ports, modulo {@link SLOTS}, of which some may be missing. */
  unsure: Set<number>;
}

/** What is known of one family. */
interface Family {
  whole: Whole | undefined;
  /** What it cost to list all, in ms; 0 while that is not known. */
  wholeMs: number;
  /** When one port was asked for last, and what that has cost since those who wait began to wait. */
  asked: number;
  spentMs: number;
}

const IPPROTO_UDP = 17;
/** The fewest slots that the kernel's table of udp sockets has; a port's slot is its number modulo theirs (UDP_HTABLE_SIZE_MIN). */
const SLOTS = 256;

/**
 * For one packet the kernel is asked for one port. In a flood, where packets wait, it is asked for all udp sockets at
 * once, as soon as asking for each has cost as much: that answers for every packet that had come before.
 */
export function openListing(diag: DumpSource): Listing {
  const families = {
    ipv4: { whole: undefined, wholeMs: 0, asked: -Infinity, spentMs: 0 } as Family,
    ipv6: { whole: undefined, wholeMs: 0, asked: -Infinity, spentMs: 0 } as Family,
  };

  async function ofFamily(request: Parameters<Listing>[0], since: number): Promise<Listed> {
    const family = families[request.family];
    const isShared = request.protocol === IPPROTO_UDP;
    if (isShared && !(family.whole && family.whole.asked >= since)) {
      // who came before the last one was asked for has waited meanwhile
      const isWaiting = since <= family.asked;
      if (!isWaiting) family.spentMs = 0;
      else if (family.spentMs >= family.wholeMs) readWhole(request.family, family);
    }
    const { whole } = family;
    if (isShared && whole && whole.asked >= since && !whole.unsure.has(request.sport % SLOTS)) {
      const found = whole.byPort.get(request.sport) ?? [];
      return { sockets: found.map(decodeSocket).filter(socket => socket !== undefined), asked: whole.asked };
    }
    const asked = performance.now();
    const listing = listSockets(diag, request);
    family.asked = asked;
    family.spentMs += performance.now() - asked; // the kernel has answered
    return { sockets: await listing, asked };
  }

  function readWhole(name: DiagRequest['family'], family: Family): void {
    const asked = performance.now();
    const parts = dumpParts(diag, { family: name, protocol: IPPROTO_UDP });
    family.whole = { asked, byPort: byPort(parts), unsure: seams(parts) };
    family.wholeMs = performance.now() - asked;
    family.spentMs = 0;
  }

  return async (request, since) => {
    const own = await ofFamily(request, since);
    if (request.family === 'ipv6') return own;
    const dual = await ofFamily({ ...request, family: 'ipv6' }, since);
    return { sockets: [...own.sockets, ...dual.sockets], asked: Math.max(own.asked, dual.asked) };
  };
}

function byPort(parts: readonly Buffer[][]): Map<number, Buffer[]> {
  const ports = new Map<number, Buffer[]>();
  for (const message of parts.flat()) {
    const port = localPort(message);
    const found = ports.get(port);
    if (found) found.push(message);
    else ports.set(port, [message]);
  }
  return ports;
}

/**
 * Between two parts of an answer the kernel notes how many of a slot's sockets it has told of; one that is closed just
 * then makes it leave out another of that slot (udp_dump in net/ipv4/udp_diag.c).
 */
function seams(parts: readonly Buffer[][]): Set<number> {
  const ends = parts.length < 2 ? [] : parts.flatMap(part => [part[0], part.at(-1)]);
  return new Set(ends.filter(message => message !== undefined).map(message => localPort(message) % SLOTS));
}
