import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** NETLINK_CONNECTOR (linux/netlink.h). */
const CONNECTOR = '11';

/** A child of some ptrap that copies the kernel's process events. */
export interface EventRelay {
  pid: number;
  /** How many events the kernel could not hand over. */
  drops(): number;
}

/** All that run on the machine: each a cat whose stdin is a socket of the proc connector. */
export function eventRelays(): EventRelay[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => rowOf(pid) !== undefined)
    .map(pid => ({ pid, drops: () => Number(rowOf(pid)?.[8]) }));
}

/** The row of /proc/net/netlink (proc(5)) about its stdin. */
function rowOf(pid: number): string[] | undefined {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'latin1') !== 'cat\n') return undefined;
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/0`))?.[1];
    return readFileSync(`/proc/${pid}/net/netlink`, 'latin1')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .find(row => row[1] === CONNECTOR && row.at(-1) === inode);
  } catch {
    return undefined; // it has ended
  }
}
