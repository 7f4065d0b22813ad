import ipaddr from 'ipaddr.js';

/** Where a call sends to. */
export interface Destination {
  /** Of the address, in network order: 4 or 16. */
  bytes: Buffer;
  /** 0 where there is none. */
  port: number;
}

const [AF_INET, AF_INET6] = [2, 10];
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
/** To the address that stands for any the kernel sends over lo (ip(7), ipv6(7)). */
const LOOPBACK4 = Buffer.from([127, 0, 0, 1]);
const LOOPBACK6 = Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);

/** Reads a struct sockaddr_in or sockaddr_in6; an IPv4 address in IPv6 is IPv4. Undefined for one of another family, or cut off. */
export function readSockaddr(address: Buffer): Destination | undefined {
  const family = address.length < 8 ? 0 : address.readUInt16LE(0);
  const bytes =
    family === AF_INET
      ? address.subarray(4, 8)
      : family === AF_INET6 && address.length >= 24
        ? plain(address.subarray(8, 24))
        : undefined;
  return bytes && { bytes: sent(bytes), port: address.readUInt16BE(2) };
}

/** What an address as text and a port are. */
export function destinationOf({ address, port }: { address: string; port: number }): Destination {
  return { bytes: Buffer.from(ipaddr.parse(address).toByteArray()), port };
}

/** Canonical text of an address. */
export function textOf({ bytes }: Destination): string {
  return bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
}

function plain(bytes: Buffer): Buffer {
  return bytes.subarray(0, MAPPED.length).equals(MAPPED) ? bytes.subarray(MAPPED.length) : bytes;
}

function sent(bytes: Buffer): Buffer {
  if (bytes.some(byte => byte !== 0)) return bytes;
  return bytes.length === 4 ? LOOPBACK4 : LOOPBACK6;
}
