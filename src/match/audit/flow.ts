import type { Flow } from '../../events.js';
import type { Call } from './calls.js';
import { textOf, type Destination } from './sockaddr.js';
import type { CallSocket } from './sockets.js';
import { hasPorts } from '../../protocol.js';

/** Bytes of the headers before what is sent; options do not count. */
const IP_BYTES = { ipv4: 20, ipv6: 40 } as const;
const TRANSPORT_BYTES: Readonly<Record<string, number>> = { tcp: 20, udp: 8, udplite: 8, icmp: 0, icmpv6: 0 };

/** Calls that return how much was sent, in bytes. */
const COUNTING: readonly string[] = ['sendto', 'sendmsg'];

/**
 * The flow of what a call sends, as far as the call and its socket tell: not by which device it leaves, nor from which
 * address and port where the socket is bound to none that is known.
 */
export function flowOf(call: Call, { protocol, local }: CallSocket, to: Destination): Flow {
  const family = to.bytes.length === 4 ? 'ipv4' : 'ipv6';
  const ports = hasPorts(protocol);
  const isBound = local !== undefined && local.port !== 0;
  return {
    family,
    protocol,
    src: {
      address: isBound && !isAny(local.address) ? local.address : family === 'ipv4' ? '0.0.0.0' : '::',
      ...(ports && isBound && { port: local.port }),
    },
    dst: { address: textOf(to), ...(ports && { port: to.port }) },
    oif: '',
    uid: call.uid,
    gid: call.gid,
    length:
      IP_BYTES[family] +
      (TRANSPORT_BYTES[protocol] ?? 0) +
      (COUNTING.includes(call.name) ? Math.max(0, call.exit) : 0),
  };
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
