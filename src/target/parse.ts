import ipaddr from 'ipaddr.js';
import { failure } from '../errors.js';
import { hasPorts, protocolName, protocolNames, protocolNumber } from '../protocol.js';
import { nearest } from '../sys/nearest.js';
import type { Host, Network, PortRange, Target } from './target.js';

/** Where the parts of a target text lie, before any of them is understood. */
interface Parts {
  host: string;
  prefix?: string;
  ports?: string;
  protocol?: string;
}

/**
 * Reads `host[:port[-port]][/protocol]`: `192.168.1.1:53/udp`, `[2001:db8::1]:443/tcp`, `10.0.0.0/8`,
 * `example.org:443`, `:53/udp` (any host), `9.9.9.9/icmp`, `10.0.0.1/253`. A number after an address is its
 * prefix length where it can be one, else a protocol; without a protocol, tcp and udp are meant.
 * @throws PTRAP_E_TARGET naming what was wrong and what is allowed
 */
export function parseTarget(text: string): Target {
  const refuse: Refuse = (why, allowed, meant) => {
    throw failure('PTRAP_E_TARGET', text, why, allowed, meant);
  };
  const parts = split(text, refuse);
  const host = parseHost(parts, refuse);
  const protocols = parseProtocols(parts.protocol, refuse);
  const ports = parsePorts(parts.ports, refuse);
  if (ports) refusePortless(protocols, refuse);
  refuseOtherFamily(host, protocols, refuse);
  const target = { host, protocols, ...(ports && { ports }) };
  return { text: canonical(target, parts.protocol !== undefined), ...target };
}

type Refuse = (why: string, allowed: string, meant?: string) => never;

const FORM = 'host[:port[-port]][/protocol], such as 192.168.1.1:53/udp, [2001:db8::1]:443 or 10.0.0.0/8';

function split(text: string, refuse: Refuse): Parts {
  const bracketed = /^\[([^\][]+)\](.*)$/.exec(text);
  const bare6 = /^[^/[\]]*:[^/[\]]*:[^/[\]]*/.exec(text);
  const plain = /^([^:/[\]]*)(.*)$/.exec(text);
  const [, address = '', rest = ''] =
    bracketed ??
    (bare6 ? [text, bare6[0], text.slice(bare6[0].length)] : plain) ??
    refuse('not a target', FORM);
  if (text === '') refuse('empty', FORM);

  const [host = '', innerPrefix] = address.split('/');
  const tail = /^(?:\/(\d+)(?=[:/]|$))?(?::([^/:]*))?(?:\/([^/:]+))?$/.exec(rest);
  if (!tail) return refuse(`cannot read "${rest}"`, FORM);
  const [, number, ports, protocol] = tail;
  const isPrefix = number !== undefined && innerPrefix === undefined && canBePrefix(host, Number(number));
  if (number !== undefined && !isPrefix && (ports !== undefined || protocol !== undefined)) {
    refuse(`/${number} is no prefix length for "${host}"`, 'a prefix up to /32 (IPv4) or /128 (IPv6)');
  }
  const prefix = isPrefix ? number : innerPrefix;
  const named = protocol ?? (isPrefix ? undefined : number);
  return {
    host,
    ...(prefix !== undefined && { prefix }),
    ...(ports !== undefined && { ports }),
    ...(named !== undefined && { protocol: named }),
  };
}

function canBePrefix(host: string, number: number): boolean {
  if (ipaddr.IPv6.isValid(host)) return number <= 128;
  return ipaddr.IPv4.isValidFourPartDecimal(host) && number <= 32;
}

const HOSTNAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;

function parseHost({ host, prefix }: Parts, refuse: Refuse): Host {
  if (host === '' || host === '*') return { kind: 'any' };
  if (ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host)) {
    return { kind: 'network', network: parseNetwork(host, prefix, refuse) };
  }
  if (/^[\d.]+$/.test(host) || host.includes(':'))
    refuse(`"${host}" is no address`, 'an IPv4 or IPv6 address');
  if (!HOSTNAME.test(host)) refuse(`"${host}" is no address and no host name`, FORM);
  if (prefix !== undefined) refuse('a host name has no prefix length', 'an address before the /');
  return { kind: 'name', name: host.toLowerCase() };
}

function parseNetwork(host: string, prefix: string | undefined, refuse: Refuse): Network {
  if (host.includes('%')) refuse('an address with a zone (%)', 'the address alone; ptrap finds its device');
  const address = ipaddr.process(host);
  const family = address.kind();
  const most = family === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  if (!(length <= most)) refuse(`"/${prefix}" is no prefix length`, `a number from 0 to ${most}`);
  const first =
    family === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${length}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${length}`);
  return { family, address: first.toString(), prefix: length };
}

function parsePorts(text: string | undefined, refuse: Refuse): PortRange | undefined {
  if (text === undefined || text === '' || text === '*') return undefined;
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(range?.[1]);
  const to = Number(range?.[2] ?? from);
  if (!range || from < 1 || to > 65535 || from > to) {
    refuse(`"${text}" is no port`, 'a port from 1 to 65535, or a range such as 1000-2000');
  }
  return { from, to };
}

function parseProtocols(text: string | undefined, refuse: Refuse): Target['protocols'] {
  if (text === undefined) return ['tcp', 'udp'];
  if (text.toLowerCase() === 'any') return 'any';
  const number = protocolNumber(text.toLowerCase());
  if (number === undefined) {
    const allowed = `${protocolNames.join(', ')}, any, or a number from 0 to 255`;
    return refuse(`"${text}" is no protocol`, allowed, nearest(text, [...protocolNames, 'any']));
  }
  return [protocolName(number)];
}

function refusePortless(protocols: Target['protocols'], refuse: Refuse): void {
  if (protocols === 'any' || protocols.every(hasPorts)) return;
  refuse(`${protocols.join(', ')} has no ports`, 'a port with tcp, udp, dccp, sctp or udplite only');
}

function refuseOtherFamily(host: Host, protocols: Target['protocols'], refuse: Refuse): void {
  if (host.kind !== 'network') return;
  const other = host.network.family === 'ipv4' ? 'icmpv6' : 'icmp';
  if (protocols.includes(other)) {
    refuse(`${other} is not sent to an ${host.network.family} address`, other === 'icmp' ? 'icmpv6' : 'icmp');
  }
}

function canonical({ host, ports, protocols }: Omit<Target, 'text'>, namesProtocol: boolean): string {
  const protocol = protocols === 'any' ? 'any' : namesProtocol ? protocols.join(',') : undefined;
  const port = ports ? `:${ports.from}${ports.to > ports.from ? `-${ports.to}` : ''}` : '';
  // 10.0.0.1/8 is a network: protocol 8 needs the prefix before it
  const address = canonicalHost(host, !ports && Number(protocol) >= 0);
  const text = `${address}${port || (address === '' ? ':' : '')}${protocol === undefined ? '' : `/${protocol}`}`;
  return text === ':' ? '*' : text;
}

function canonicalHost(host: Host, beforeNumber: boolean): string {
  if (host.kind === 'any') return '';
  if (host.kind === 'name') return host.name;
  const { family, address, prefix } = host.network;
  const single = prefix === (family === 'ipv4' ? 32 : 128) && !beforeNumber;
  const block = single ? address : `${address}/${prefix}`;
  return family === 'ipv4' ? block : `[${block}]`;
}
