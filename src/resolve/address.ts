import ipaddr from 'ipaddr.js';

/** Address bytes (4 or 16, network order) as canonical text; IPv4-mapped ones as IPv4. */
export function addressText(bytes: Buffer): string {
  const address = ipaddr.fromByteArray([...bytes]);
  if (address instanceof ipaddr.IPv6) {
    return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
  }
  return address.toString();
}

/** The 16 bytes that an address takes in struct inet_diag_sockid: an IPv4 one fills the first four. */
export function addressBytes(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.set(ipaddr.parse(text).toByteArray());
  return bytes;
}

/** Canonical text of an address in any spelling. */
export function canonical(text: string): string {
  return addressText(Buffer.from(ipaddr.parse(text).toByteArray()));
}
