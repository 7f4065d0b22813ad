import type { Flow } from '../events.js';
import { protocolNumber } from '../protocol.js';
import { climb, type Standing } from './ladder.js';
import { readSocketTable } from './proc-net.js';

/** Sockets that have no ports of their own: ping sockets and raw ones, which /proc/net tells of. */

const IPPROTO_RAW = 255;
/** Only echo requests come from a ping socket (linux/icmp.h, linux/icmpv6.h). */
const ECHO_REQUEST = { ipv4: 8, ipv6: 128 } as const;

/** The sockets that a packet without ports may have come from. @param proc a folder with a `net`, of ours or of a process in another network namespace */
export function findPortless(proc: string, flow: Flow): Standing {
  return ping(proc, flow) ?? raw(proc, flow);
}

/** A ping socket's local port is the ICMP id, which the kernel keeps unique. */
function ping(proc: string, flow: Flow): Standing | undefined {
  if (flow.icmp?.id === undefined || flow.icmp.type !== ECHO_REQUEST[flow.family]) return undefined;
  const table = readSocketTable(proc, flow.family === 'ipv4' ? 'icmp' : 'icmp6');
  const standing = climb(table, portless(flow, flow.icmp.id));
  return standing.kind === 'owned' ? { ...standing, grade: 'exact' } : undefined;
}

/** Raw sockets of the protocol, or of IPPROTO_RAW, which may send any. The kernel's own packets have no uid, nor has any that is forwarded. */
function raw(proc: string, flow: Flow): Standing {
  if (flow.uid === null && flow.iif === undefined) return { kind: 'none' };
  const protocols = [protocolNumber(flow.protocol), IPPROTO_RAW];
  const table = readSocketTable(proc, flow.family === 'ipv4' ? 'raw' : 'raw6');
  const standing = climb(
    table.filter(({ local }) => protocols.includes(local.port)),
    portless(flow),
  );
  return standing.kind === 'owned' ? { ...standing, grade: 'wildcard' } : standing;
}

function portless({ family, uid, src, dst }: Flow, port?: number) {
  return {
    family,
    uid,
    src: { address: src.address, ...(port === undefined ? {} : { port }) },
    dst: { address: dst.address },
  };
}
