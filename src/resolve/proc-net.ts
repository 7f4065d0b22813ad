import { readFileSync } from 'node:fs';
import { isOfTheDead } from '../sys/stat.js';
import { addressText } from './address.js';
import type { Socket } from './socket.js';

/** Tables of /proc/net: icmp has ping sockets. */
export type SocketTable = `${'tcp' | 'udp' | 'udplite' | 'icmp' | 'raw'}${'' | '6'}`;

/**
 * The sockets in a table; none where the kernel has no such table, or the process has ended.
 * @param proc root of procfs, or a process in another network namespace: /proc/<pid>
 */
export function readSocketTable(proc: string, table: SocketTable): Socket[] {
  try {
    return parseSocketTable(readFileSync(`${proc}/net/${table}`, 'latin1'));
  } catch (error) {
    if (isOfTheDead(error)) return [];
    throw error;
  }
}

/** Parses such a table (proc(5)). The local port is the ICMP id of a ping socket and the protocol number of a raw one. */
export function parseSocketTable(text: string): Socket[] {
  return text
    .split('\n')
    .slice(1)
    .map(parseLine)
    .filter(socket => socket !== undefined);
}

function parseLine(line: string): Socket | undefined {
  const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
  const ends = [endpoint(local), endpoint(remote)] as const;
  if (!ends[0] || !ends[1] || ![uid, inode].every(isDecimal)) return undefined;
  if (!/^[0-9A-F]{2}$/i.test(state ?? '')) return undefined;
  return {
    state: parseInt(state!, 16),
    local: ends[0],
    remote: ends[1],
    device: 0, // not told
    uid: Number(uid),
    inode: Number(inode),
    v6Only: true,
  };
}

function isDecimal(text: string | undefined): boolean {
  return /^\d{1,10}$/.test(text ?? '');
}

/** `0100007F:0001`: 32-bit words in the machine's order, then the port. */
function endpoint(text: string | undefined): Socket['local'] | undefined {
  const [, address, port] = /^((?:[0-9A-F]{8}){1}|(?:[0-9A-F]{8}){4}):([0-9A-F]{4})$/i.exec(text ?? '') ?? [];
  if (address === undefined || port === undefined) return undefined;
  return { address: addressText(Buffer.from(address, 'hex').swap32()), port: parseInt(port, 16) };
}
