import type { DumpSource } from '../netlink/prompt.js';
import { decodeSocket, dumpParts, listSockets, localPort, type DiagRequest } from './sock-diag.js';
import type { Socket } from './socket.js';

/** Sockets as the kernel had them. */
export interface Listed {
  sockets: Socket[];
  /** When it was asked (performance.now()), of two times the earlier: whoever held one of them and has ended since may have sent. */
  asked: number;
}

/** Lists the sockets of a local port that can carry the family, as they were at some time after `since`; those to a remote port where one is given. */
export type Listing = (
  request: Pick<DiagRequest, 'family' | 'protocol' | 'dport'> & { sport: number },
  since: number,
) => Promise<Listed>;

/** All sockets of a protocol and family, by local port. */
interface Whole {
  asked: number;
  byPort: Map<number, Buffer[]>;
  /** Ports, modulo {@link SLOTS}, of which some may be missing. */
  unsure: Set<number>;
}

/** What is known of one family of a protocol. */
interface Family {
  /** All of it is of sockets to this remote port. */
  dport: number | undefined;
  whole: Whole | undefined;
  /** What it cost to list all, in ms; 0 while that is not known. */
  wholeMs: number;
  /** When one port was asked for last, what was told of such ports since those who wait began to wait, and what that has cost. */
  asked: number;
  ports: Map<number, Listed>;
  spentMs: number;
}

const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
/** The fewest slots that the kernel's table of udp sockets has; a port's slot is its number modulo theirs (UDP_HTABLE_SIZE_MIN). */
const SLOTS = 256;

/**
 * For one packet the kernel is asked for one port. In a flood, where packets wait, it is asked for all at once, as soon
 * as asking for each has cost as much: that answers for every packet that had come before.
 */
export function openListing(diag: DumpSource): Listing {
  const families = new Map<string, Family>();

  function familyOf({ family, protocol, dport }: Parameters<Listing>[0]): Family {
    const key = `${family} ${protocol}`;
    const known = families.get(key);
    if (known && known.dport === dport) return known;
    const fresh: Family = {
      dport,
      whole: undefined,
      wholeMs: 0,
      asked: -Infinity,
      ports: new Map(),
      spentMs: 0,
    };
    families.set(key, fresh);
    return fresh;
  }

  async function ofFamily(request: Parameters<Listing>[0], since: number): Promise<Listed> {
    const family = familyOf(request);
    const known = family.ports.get(request.sport);
    if (known && known.asked >= since) return known;
    // who came before the last one was asked for has waited meanwhile
    if (since > family.asked) {
      family.spentMs = 0;
      family.ports.clear();
    }
    return ofWhole(request, family, since) ?? ofPort(request, family);
  }

  /** Undefined where asking for all is not worth it yet, or does not tell of that port. */
  function ofWhole(request: Parameters<Listing>[0], family: Family, since: number): Listed | undefined {
    const isShared = request.protocol === IPPROTO_UDP || request.protocol === IPPROTO_TCP;
    if (!isShared) return undefined;
    const isLate = !(family.whole && family.whole.asked >= since);
    if (isLate && since <= family.asked && family.spentMs >= family.wholeMs) readWhole(request, family);
    const { whole } = family;
    if (!whole || whole.asked < since || whole.unsure.has(request.sport % SLOTS)) return undefined;
    const found = whole.byPort.get(request.sport) ?? [];
    return { sockets: found.map(decodeSocket).filter(socket => socket !== undefined), asked: whole.asked };
  }

  async function ofPort(request: Parameters<Listing>[0], family: Family): Promise<Listed> {
    const asked = performance.now();
    const listing = listSockets(diag, request);
    family.asked = asked;
    family.spentMs += performance.now() - asked; // the kernel has answered
    const listed = { sockets: await listing, asked };
    family.ports.set(request.sport, listed);
    return listed;
  }

  function readWhole({ family: name, protocol, dport }: DiagRequest, family: Family): void {
    const asked = performance.now();
    const parts = dumpParts(diag, { family: name, protocol, dport });
    // tcp has so many slots that two of its sockets hardly ever share one
    const unsure = protocol === IPPROTO_UDP ? seams(parts) : new Set<number>();
    family.whole = { asked, byPort: byPort(parts), unsure };
    family.wholeMs = performance.now() - asked;
    family.spentMs = 0;
    family.ports.clear(); // they are among all
  }

  return async (request, since) => {
    const own = await ofFamily(request, since);
    if (request.family === 'ipv6') return own;
    const dual = await ofFamily({ ...request, family: 'ipv6' }, since);
    return { sockets: [...own.sockets, ...dual.sockets], asked: Math.min(own.asked, dual.asked) };
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
