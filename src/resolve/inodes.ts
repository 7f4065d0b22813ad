import { protocolName, protocolNumber } from '../protocol.js';
import type { DumpSource } from '../netlink/prompt.js';
import { readSocketTable } from './proc-net.js';
import { decodeSocket, dumpParts } from './sock-diag.js';
import type { Socket } from './socket.js';

/** A socket of our network namespace. */
export interface KnownSocket extends Pick<Socket, 'local' | 'remote'> {
  /** Its name, or a decimal number. */
  protocol: string;
}

/** Tells sockets by their inode. */
export interface Inodes {
  /**
   * Undefined for one that is not in our network namespace, or is gone.
   * @param isUrgent lists the sockets anew at once where it is not known, not only now and then
   */
  find(inode: number, isUrgent: boolean): KnownSocket | undefined;
}

/** How long a list is good enough for those that are not urgent: so much, and so many times what it costs, in ms. */
const PAUSE = { ms: 100, times: 20 };
const LISTED = ['tcp', 'udp'] as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;
/** The kernel's tables of what sock_diag may not tell of. */
const TABLES = ['icmp', 'icmp6', 'raw', 'raw6', 'udplite', 'udplite6'] as const;

/** @param proc root of procfs */
export function openInodes(diag: DumpSource, proc: string): Inodes {
  let known = new Map<number, KnownSocket>();
  let readAt = -Infinity;
  let costMs = 0;

  function read(): void {
    const begun = performance.now();
    known = new Map();
    for (const protocol of LISTED) {
      for (const family of FAMILIES) {
        for (const message of dumpParts(diag, { family, protocol: protocolNumber(protocol)! }).flat()) {
          const socket = decodeSocket(message);
          if (socket) known.set(socket.inode, { ...socket, protocol });
        }
      }
    }
    for (const table of TABLES) {
      for (const socket of readSocketTable(proc, table)) {
        known.set(socket.inode, { ...socket, protocol: protocolOf(table, socket) });
      }
    }
    readAt = performance.now();
    costMs = readAt - begun;
  }

  return {
    find(inode, isUrgent) {
      const isOld = performance.now() - readAt > Math.max(PAUSE.ms, costMs * PAUSE.times);
      if (!known.has(inode) && (isUrgent || isOld)) read();
      return known.get(inode);
    },
  };
}

/** A raw socket has its protocol in the place of a port. */
function protocolOf(table: (typeof TABLES)[number], { local }: Socket): string {
  if (table.startsWith('raw')) return protocolName(local.port);
  if (table === 'icmp6') return 'icmpv6';
  return table.replace('6', '');
}
