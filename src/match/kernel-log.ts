import ipaddr from 'ipaddr.js';
import type { Flow } from '../events.js';
import { protocolName, protocolNumber } from '../protocol.js';

/** A LOG line of this instance: which rule wrote it, and the packet it describes. */
export interface LogLine {
  /** The target's index, or `p` for a probe. */
  tag: string;
  flow: Flow;
}

const TCP_FLAGS = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'];

/**
 * Reads what the kernel's LOG writes (net/netfilter/nf_log_syslog.c) after this instance's prefix; undefined for any
 * other text, and for a line that lacks what every packet has.
 */
export function parseLogLine(message: string, instance: string): LogLine | undefined {
  const start = `ptrap-${instance}-`;
  if (!message.startsWith(start)) return undefined;
  const colon = message.indexOf(': ', start.length);
  if (colon < 0) return undefined;
  const flow = parsePacket(message.slice(colon + 2));
  return flow && { tag: message.slice(start.length, colon), flow };
}

function parsePacket(text: string): Flow | undefined {
  const { fields, words } = tokens(text);
  const src = address(fields.get('SRC'));
  const dst = address(fields.get('DST'));
  const protocol = protocolOf(fields.get('PROTO'));
  if (!src || !dst || protocol === undefined) return undefined;
  const ports = { src: number(fields.get('SPT')), dst: number(fields.get('DPT')) };
  return {
    family: src.kind(),
    protocol,
    src: { address: src.toString(), ...(ports.src !== undefined && { port: ports.src }) },
    dst: { address: dst.toString(), ...(ports.dst !== undefined && { port: ports.dst }) },
    oif: fields.get('OUT') ?? '',
    ...(fields.get('IN') && { iif: fields.get('IN') }),
    uid: number(fields.get('UID')) ?? null,
    gid: number(fields.get('GID')) ?? null,
    length: number(fields.get('LEN')) ?? 0,
    ...(protocol === 'tcp' && { tcpFlags: TCP_FLAGS.filter(flag => words.has(flag)) }),
    ...((protocol === 'icmp' || protocol === 'icmpv6') && { icmp: icmpOf(fields) }),
  };
}

/**
 * The line's KEY=value pairs and its bare words. The first of each key counts: an ICMP error quotes the packet that
 * it is about in brackets after its own header, UDP writes a second LEN, and ICMP a second ID.
 */
function tokens(text: string): { fields: Map<string, string>; words: Set<string> } {
  const fields = new Map<string, string>();
  const words = new Set<string>();
  let quoted = false;
  for (const token of text.split(' ')) {
    if (token.startsWith('[')) quoted = true;
    if (!quoted) {
      const equals = token.indexOf('=');
      if (equals < 0) words.add(token);
      else put(fields, token.slice(0, equals), token.slice(equals + 1));
    }
    if (token.endsWith(']')) quoted = false;
  }
  return { fields, words };
}

function put(fields: Map<string, string>, key: string, value: string): void {
  // the ICMP id comes after TYPE and CODE, the IP header's before
  const name = key === 'ID' && fields.has('TYPE') ? 'ICMPID' : key;
  if (!fields.has(name)) fields.set(name, value);
}

function icmpOf(fields: ReadonlyMap<string, string>): NonNullable<Flow['icmp']> {
  const id = number(fields.get('ICMPID'));
  return {
    type: number(fields.get('TYPE')) ?? 0,
    code: number(fields.get('CODE')) ?? 0,
    ...(id !== undefined && { id }),
  };
}

function address(text: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return text !== undefined && ipaddr.isValid(text) ? ipaddr.parse(text) : undefined;
}

/** The kernel writes TCP, UDP, ICMPv6 and so on, or a number. */
function protocolOf(text: string | undefined): string | undefined {
  const known = text === undefined ? undefined : protocolNumber(text.toLowerCase());
  return known === undefined ? undefined : protocolName(known);
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
