/** What all subsystems of NETLINK_NETFILTER share (linux/netfilter/nfnetlink.h). */

/** The protocol that their sockets must be opened with (linux/netlink.h). */
export const NETLINK_NETFILTER = 12;

/** Bytes of a struct nfgenmsg, which precedes the attributes: family, version, resource id in network order. */
export const NFGENMSG_BYTES = 4;

/** A struct nfgenmsg. */
export function netfilterHeader(family: number, resource: number): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}

/** A 32-bit number as an attribute's value, in network order. */
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
