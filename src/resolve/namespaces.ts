import { readdirSync, readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { readProcLink } from '../sys/proc-file.js';
import { addressText, canonical } from './address.js';

/** A network namespace that has processes. */
export interface NetworkNamespace {
  /** What /proc/<pid>/ns/net says of it. */
  link: string;
  /** Processes in it, some of them. */
  pids: number[];
  /** Its own addresses, in canonical text. */
  addresses: ReadonlySet<string>;
}

/** The network namespaces of this machine, but for our own. */
export interface Namespaces {
  /** Those that have an address. */
  having(address: string): NetworkNamespace[];
}

/** How long what was read is good enough, in ms: where an address is known, and where it is not. */
const FRESH_MS = { known: 1000, unknown: 100 };
/** So many processes of a namespace are kept: some may end. */
const MOST_PIDS = 8;

/** @param proc root of procfs */
export function openNamespaces(proc: string): Namespaces {
  let namespaces: NetworkNamespace[] = [];
  let readAt = -Infinity;
  const known = (address: string): NetworkNamespace[] =>
    namespaces.filter(({ addresses }) => addresses.has(address));

  return {
    having(address) {
      const wanted = canonical(address);
      const found = known(wanted);
      const age = performance.now() - readAt;
      if (age < (found.length > 0 ? FRESH_MS.known : FRESH_MS.unknown)) return found;
      namespaces = readNamespaces(proc);
      readAt = performance.now();
      return known(wanted);
    },
  };
}

function readNamespaces(proc: string): NetworkNamespace[] {
  const pids = new Map<string, number[]>();
  const own = namespaceOf(proc, 'self');
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const namespace = namespaceOf(proc, name);
    if (namespace === undefined || namespace === own) continue;
    const members = pids.get(namespace) ?? [];
    pids.set(namespace, members);
    if (members.length < MOST_PIDS) members.push(Number(name));
  }
  return [...pids].map(([link, members]) => ({
    link,
    pids: members,
    addresses: addressesIn(`${proc}/${members[0]}/net`),
  }));
}

/** A process that is in a namespace now: its /proc/<pid>/net shows it. */
export function memberOf(proc: string, { link, pids }: NetworkNamespace): number | undefined {
  return pids.find(pid => namespaceOf(proc, String(pid)) === link);
}

function namespaceOf(proc: string, pid: string): string | undefined {
  return readProcLink(`${proc}/${pid}/ns/net`);
}

/** The addresses of a namespace: fib_trie lists IPv4 ones as `/32 host LOCAL` below them, if_inet6 (proc(5)) IPv6 ones. */
function addressesIn(net: string): Set<string> {
  const ipv4 = [...text(`${net}/fib_trie`).matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g)].map(
    ([, found]) => found!,
  );
  const ipv6 = [...text(`${net}/if_inet6`).matchAll(/^([0-9a-f]{32}) /gm)].map(([, hex]) =>
    addressText(Buffer.from(hex!, 'hex')),
  );
  return new Set([...ipv4, ...ipv6].filter(address => ipaddr.parse(address).range() !== 'loopback'));
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // its process has ended
  }
}
