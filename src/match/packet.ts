import ipaddr from 'ipaddr.js';
import type { Flow } from '../events.js';
import { hasPorts, protocolName } from '../protocol.js';

/** What an IP packet itself says of its flow. */
export interface Packet {
  flow: Omit<Flow, 'oif' | 'iif' | 'uid' | 'gid'>;
  /** What it carries after its transport header, as far as it was captured; a view. */
  payload: Uint8Array;
}

/** The transport header with all after it, and what the IP header says of it. */
interface Envelope {
  family: Flow['family'];
  protocol: number;
  src: string;
  dst: string;
  /** Bytes of the IP packet. */
  length: number;
  /** Empty for all but the first fragment. */
  transport: Buffer;
}

const EMPTY = Buffer.alloc(0);
/** IPv6 headers that come before the transport header (RFC 8200, RFC 4302): next header, then length. */
const [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION] = [0, 43, 44, 51, 60];
/** Bit by bit from the highest, as the kernel's own log lists them. */
const TCP_FLAGS = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'];
const ECHO_TYPES = { icmp: [0, 8], icmpv6: [128, 129] } as const;

/** Reads a packet from its IP header on; undefined where there is no whole IPv4 or IPv6 header. */
export function parsePacket(bytes: Buffer): Packet | undefined {
  const version = bytes.length === 0 ? 0 : bytes[0]! >> 4;
  const envelope = version === 4 ? openIpv4(bytes) : version === 6 ? openIpv6(bytes) : undefined;
  return envelope && readTransport(envelope);
}

function openIpv4(bytes: Buffer): Envelope | undefined {
  const headerLength = (bytes[0]! & 15) * 4;
  if (headerLength < 20 || bytes.length < headerLength) return undefined;
  const isFirst = (bytes.readUInt16BE(6) & 0x1fff) === 0;
  return {
    family: 'ipv4',
    protocol: bytes[9]!,
    src: ipv4Text(bytes, 12),
    dst: ipv4Text(bytes, 16),
    length: bytes.readUInt16BE(2),
    transport: isFirst ? bytes.subarray(headerLength) : EMPTY,
  };
}

function openIpv6(bytes: Buffer): Envelope | undefined {
  if (bytes.length < 40) return undefined;
  let protocol = bytes[6]!;
  let transport = bytes.subarray(40);
  while (transport.length >= 8) {
    const length = extensionLength(protocol, transport);
    if (length === 0) break;
    const isFirst = protocol !== FRAGMENT || transport.readUInt16BE(2) >> 3 === 0;
    protocol = transport[0]!;
    transport = isFirst ? transport.subarray(length) : EMPTY;
  }
  return {
    family: 'ipv6',
    protocol,
    src: ipv6Text(bytes, 8),
    dst: ipv6Text(bytes, 24),
    length: 40 + bytes.readUInt16BE(4),
    transport,
  };
}

/** Bytes of the extension header that comes next; 0 where the transport header does. */
function extensionLength(type: number, header: Buffer): number {
  if (type === FRAGMENT) return 8;
  if (type === AUTHENTICATION) return (header[1]! + 2) * 4;
  return type === HOP_BY_HOP || type === ROUTING || type === DESTINATION ? (header[1]! + 1) * 8 : 0;
}

function readTransport({ family, protocol: number, src, dst, length, transport }: Envelope): Packet {
  const protocol = protocolName(number);
  const ports = hasPorts(protocol) && transport.length >= 4;
  return {
    flow: {
      family,
      protocol,
      src: { address: src, ...(ports && { port: transport.readUInt16BE(0) }) },
      dst: { address: dst, ...(ports && { port: transport.readUInt16BE(2) }) },
      length,
      ...(protocol === 'tcp' && { tcpFlags: flagsOf(transport) }),
      ...((protocol === 'icmp' || protocol === 'icmpv6') && { icmp: icmpOf(protocol, transport) }),
    },
    payload: transport.subarray(headerLength(protocol, transport)),
  };
}

function flagsOf(header: Buffer): string[] {
  const bits = header[13] ?? 0;
  return TCP_FLAGS.filter((_, index) => (bits & (0x80 >> index)) !== 0);
}

function icmpOf(protocol: 'icmp' | 'icmpv6', header: Buffer): NonNullable<Flow['icmp']> {
  const [type = 0, code = 0] = header;
  const isEcho = header.length >= 8 && (ECHO_TYPES[protocol] as readonly number[]).includes(type);
  return { type, code, ...(isEcho && { id: header.readUInt16BE(4) }) };
}

/** Bytes of the transport header; what is not known to be one counts as payload. */
function headerLength(protocol: string, header: Buffer): number {
  if (protocol === 'tcp') return Math.max(20, ((header[12] ?? 0) >> 4) * 4);
  return protocol === 'udp' || protocol === 'udplite' || protocol.startsWith('icmp') ? 8 : 0;
}

function ipv4Text(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function ipv6Text(bytes: Buffer, at: number): string {
  return ipaddr.fromByteArray([...bytes.subarray(at, at + 16)]).toString();
}
