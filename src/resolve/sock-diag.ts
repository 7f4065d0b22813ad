import { constants } from 'node:os';
import type { Flow } from '../events.js';
import { findAttribute, NLM_F_DUMP } from '../netlink/message.js';
import type { Asked, DumpSource } from '../netlink/prompt.js';
import { isErrno } from '../netlink/socket.js';
import { addressBytes, addressText } from './address.js';
import type { Socket } from './socket.js';

/** Sockets over NETLINK_SOCK_DIAG: sock_diag(7), linux/sock_diag.h, linux/inet_diag.h. */

export const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const INET_DIAG_SKV6ONLY = 11;

const families = { ipv4: 2, ipv6: 10 } as const;
type Family = keyof typeof families;

/** A struct inet_diag_req_v2; in a dump a port or state left out is no filter. */
export interface DiagRequest {
  family: Family;
  /** IPPROTO_* number. */
  protocol: number;
  sport?: number | undefined;
  dport?: number | undefined;
  src?: string;
  dst?: string;
  /** TCP_* states wanted by a dump. */
  states?: readonly number[];
}

const REQUEST_BYTES = 56;
const MESSAGE_BYTES = 72;

/** The bytes of a struct inet_diag_req_v2 without extensions, with no cookie. */
export function encodeRequest({ family, protocol, sport, dport, src, dst, states }: DiagRequest): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request[0] = families[family];
  request[1] = protocol;
  const mask = states?.reduce((bits, state) => bits | (1 << state), 0) ?? -1;
  request.writeInt32LE(mask, 4);
  request.writeUInt16BE(sport ?? 0, 8);
  request.writeUInt16BE(dport ?? 0, 10);
  if (src !== undefined) addressBytes(src).copy(request, 12);
  if (dst !== undefined) addressBytes(dst).copy(request, 28);
  request.fill(0xff, 48); // INET_DIAG_NOCOOKIE
  return request;
}

/** The socket in a struct inet_diag_msg with its attributes; undefined where it is cut off or of another family. */
export function decodeSocket(message: Buffer): Socket | undefined {
  const size = message[0] === families.ipv4 ? 4 : message[0] === families.ipv6 ? 16 : 0;
  if (message.length < MESSAGE_BYTES || size === 0) return undefined;
  return {
    state: message.readUInt8(1),
    local: { address: addressText(message.subarray(8, 8 + size)), port: message.readUInt16BE(4) },
    remote: { address: addressText(message.subarray(24, 24 + size)), port: message.readUInt16BE(6) },
    device: message.readUInt32LE(40),
    uid: message.readUInt32LE(64),
    inode: message.readUInt32LE(68),
    v6Only: findAttribute(message.subarray(MESSAGE_BYTES), INET_DIAG_SKV6ONLY)?.[0] === 1,
  };
}

/** Local port of the socket in a struct inet_diag_msg; 0 where it is cut off. */
export function localPort(message: Buffer): number {
  return message.length < MESSAGE_BYTES ? 0 : message.readUInt16BE(4);
}

/** The one socket of a 5-tuple, or else the listener that takes its local port; sockets bound to a device are not found so. */
export function findConnection(socket: Asked, protocol: number, flow: Flow): Promise<Socket[]> {
  return ask(socket, 0, {
    family: flow.family,
    protocol,
    sport: flow.src.port,
    dport: flow.dst.port,
    src: flow.src.address,
    dst: flow.dst.address,
  });
}

/** Every socket of the family with these ports. */
export function listSockets(socket: Asked, filter: DiagRequest): Promise<Socket[]> {
  return ask(socket, NLM_F_DUMP, filter);
}

/** Every socket with these ports that can carry the family: an AF_INET6 one can carry IPv4. */
export async function listCarriers(socket: Asked, filter: DiagRequest): Promise<Socket[]> {
  const own = await listSockets(socket, filter);
  if (filter.family === 'ipv6') return own;
  return [...own, ...(await listSockets(socket, { ...filter, family: 'ipv6' }))];
}

/** The messages of a dump, undecoded, part by part; none for a protocol that this kernel does not have. */
export function dumpParts(source: DumpSource, request: DiagRequest): Buffer[][] {
  try {
    return source.dump(SOCK_DIAG_BY_FAMILY, encodeRequest(request));
  } catch (error) {
    if (isErrno(error, constants.errno.ENOENT)) return [];
    throw error;
  }
}

async function ask(socket: Asked, flags: number, request: DiagRequest): Promise<Socket[]> {
  try {
    const answer = await socket.request(SOCK_DIAG_BY_FAMILY, flags, encodeRequest(request));
    return answer.map(decodeSocket).filter(found => found !== undefined);
  } catch (error) {
    // no such socket; or, for a dump, a protocol that this kernel does not have
    if (isErrno(error, constants.errno.ENOENT)) return [];
    throw error;
  }
}
