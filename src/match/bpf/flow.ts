import ipaddr from 'ipaddr.js';
import type { Flow } from '../../events.js';
import { hasPorts, protocolName } from '../../protocol.js';
import type { Call } from './line.js';

/** The shortest headers that what is sent gets, in bytes. */
const IP_BYTES = { ipv4: 20, ipv6: 40 };
const TRANSPORT_BYTES = { connect: 20, tcp: 20, udp: 8, ping: 0, raw: 0 };

/** What a ping socket sends: nothing but requests (net/ipv4/ping.c). */
const ECHO_REQUEST = { ipv4: 8, ipv6: 128 };

/**
 * The flow of what a call sends, as one packet would show it; `length` counts no options, and all that is sent at once.
 * @param src its source address
 */
export function flowOf(call: Call, src: Buffer, oif: string): Flow {
  const { family, kind, socketUid, gid, bytes } = call;
  const protocol = protocolName(call.protocol);
  const ports = kind !== 'raw' && hasPorts(protocol);
  return {
    family,
    protocol,
    src: { address: addressOf(src, family), ...(ports && { port: call.sport }) },
    dst: { address: addressOf(call.dst, family), ...(ports && { port: call.dport }) },
    oif,
    uid: socketUid,
    gid,
    length: IP_BYTES[family] + TRANSPORT_BYTES[kind] + bytes,
    ...(protocol === 'tcp' && kind !== 'raw' && { tcpFlags: kind === 'connect' ? ['SYN'] : ['ACK'] }),
    ...(kind === 'ping' && { icmp: { type: ECHO_REQUEST[family], code: 0, id: call.sport } }),
  };
}

/** The text of an address whose bytes are the first of these. */
export function addressOf(words: Buffer, family: Call['family']): string {
  return ipaddr.fromByteArray([...words.subarray(0, family === 'ipv4' ? 4 : 16)]).toString();
}
