import { failure } from '../errors.js';

/** Netlink framing (netlink(7), linux/netlink.h): pure, no I/O. Numbers are little-endian, as every machine is that npm `netlink` has binaries for. */

/** `NLM_F_*` and `NLMSG_*` of linux/netlink.h. */
export const NLM_F_REQUEST = 1;
export const NLM_F_MULTI = 2;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** One message of a datagram; `payload` is a view into it. */
export interface NetlinkMessage {
  type: number;
  flags: number;
  sequence: number;
  payload: Buffer;
}

const HEADER = 16;
const ATTRIBUTE_HEADER = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER share the field with the type. */
const ATTRIBUTE_TYPE = 0x3fff;

const aligned = (length: number) => (length + 3) & ~3;

/** A struct nlmsghdr for a payload of `length` bytes; the kernel fills in the sender. */
export function messageHeader(type: number, flags: number, sequence: number, length: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return header;
}

/**
 * The messages of one datagram.
 * @throws PTRAP_E_NETLINK_MALFORMED where a length is cut off or lies
 */
export function messagesOf(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset < datagram.length;) {
    const left = datagram.length - offset;
    const length = left < HEADER ? 0 : datagram.readUInt32LE(offset);
    if (length < HEADER || length > left) throw failure('PTRAP_E_NETLINK_MALFORMED', 'message');
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      payload: datagram.subarray(offset + HEADER, offset + length),
    });
    offset += aligned(length);
  }
  return messages;
}

/** The errno in a NLMSG_ERROR or NLMSG_DONE payload as a positive number; 0 means success. */
export function errnoOf(payload: Buffer): number {
  return payload.length < 4 ? 0 : -payload.readInt32LE(0);
}

/** One struct nlattr with its padding. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(aligned(ATTRIBUTE_HEADER + value.length));
  bytes.writeUInt16LE(ATTRIBUTE_HEADER + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, ATTRIBUTE_HEADER);
  return bytes;
}

/** Gives type and place of the value of each attribute between two offsets, up to the end or the first length that lies. */
export function walkAttributes(
  bytes: Buffer,
  from: number,
  to: number,
  take: (type: number, start: number, end: number) => void,
): void {
  for (let offset = from; offset + ATTRIBUTE_HEADER <= to;) {
    const length = bytes.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER || offset + length > to) return;
    take(bytes.readUInt16LE(offset + 2) & ATTRIBUTE_TYPE, offset + ATTRIBUTE_HEADER, offset + length);
    offset += aligned(length);
  }
}

/** Gives type and value (a view) of each attribute, up to the end or the first length that lies. */
export function eachAttribute(attributes: Buffer, take: (type: number, value: Buffer) => void): void {
  walkAttributes(attributes, 0, attributes.length, (type, start, end) =>
    take(type, attributes.subarray(start, end)),
  );
}

/** The value of the first attribute of `type`, a view; undefined if there is none. */
export function findAttribute(attributes: Buffer, type: number): Buffer | undefined {
  let found: Buffer | undefined;
  eachAttribute(attributes, (candidate, value) => {
    if (candidate === type) found ??= value;
  });
  return found;
}
