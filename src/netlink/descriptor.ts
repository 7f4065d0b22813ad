import { readdirSync, readFileSync } from 'node:fs';
import type { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { readProcLink } from '../sys/proc-file.js';

/** Number of the file descriptor behind a socket: /proc/net/netlink (proc(5)) knows its port and its inode. */
export function descriptorOf(socket: RawNetlinkSocket, protocol: number): number {
  const { port } = socket.address();
  const line = readFileSync('/proc/self/net/netlink', 'latin1')
    .split('\n')
    .map(text => text.trim().split(/\s+/))
    .find(fields => fields[1] === String(protocol) && fields[2] === String(port));
  return ownSockets().get(`socket:[${line?.at(-1)}]`) ?? NaN;
}

/** Our descriptors that are sockets, by what their links say: `socket:[31337]`. */
export function ownSockets(): Map<string, number> {
  const links = readdirSync('/proc/self/fd').map(
    // the one that lists them is gone
    name => [readProcLink(`/proc/self/fd/${name}`) ?? '', Number(name)] as const,
  );
  return new Map(links.filter(([link]) => link.startsWith('socket:')));
}
