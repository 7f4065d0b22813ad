import ipaddr from 'ipaddr.js';

/** Four numbers without leading zeros, which is how the kernel's messages spell them. */
const CANONICAL_IPV4 = /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/;

/** Address bytes (4 or 16, network order) as canonical text; IPv4-mapped ones as IPv4. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const address = new ipaddr.IPv6([...bytes]);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/** The 16 bytes that an address takes in struct inet_diag_sockid: an IPv4 one fills the first four. */
export function addressBytes(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.set(ipaddr.parse(text).toByteArray());
  return bytes;
}

/** Canonical text of an address in any spelling. */
export function canonical(text: string): string {
  if (CANONICAL_IPV4.test(text)) return text;
  return addressText(Buffer.from(ipaddr.parse(text).toByteArray()));
}
