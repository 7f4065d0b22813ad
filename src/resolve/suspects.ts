import { readFileSync } from 'node:fs';
import type { Flow, ProcessInfo } from '../events.js';
import type { Answer, Finder } from './owners.js';

/** Who may have sent what came over a packet socket (packet(7)): nothing ties such a packet to its socket. */

/** A packet socket, as /proc/net/packet tells of it. */
interface PacketSocket {
  uid: number;
  inode: number;
}

/** Of more sockets than this the holders are not looked for. */
const MOST = 64;

/**
 * All that hold a packet socket, of the packet's user where that is known. They are suspects and no more: the sender
 * may have closed its socket, while another that only listens has it open still.
 */
export async function findSuspects(
  proc: string,
  finder: Finder<number>,
  { uid }: Flow,
  since: number,
): Promise<Answer> {
  const sockets = readPacketSockets(proc).filter(socket => uid === null || socket.uid === uid);
  const suspects = new Map<number, ProcessInfo>();
  for (const socket of sockets.slice(0, MOST)) {
    await finder.findHolders({ ...socket, since }, pid => {
      const suspect = suspects.has(pid) ? undefined : finder.tell(pid);
      if (suspect) suspects.set(pid, suspect);
    });
  }
  if (suspects.size === 0) return { reason: 'exited' };
  return { reason: 'ambiguous', suspects: [...suspects.values()] };
}

function readPacketSockets(proc: string): PacketSocket[] {
  return parsePacketSockets(readFileSync(`${proc}/net/packet`, 'latin1'));
}

/** Parses /proc/net/packet: sk, RefCnt, Type, Proto, Iface, R, Rmem, User, Inode. */
export function parsePacketSockets(text: string): PacketSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map(line => /^\S+(?:\s+\S+){6}\s+(\d+)\s+([1-9]\d*)\s*$/.exec(line))
    .filter(line => line !== null)
    .map(([, uid, inode]) => ({ uid: Number(uid), inode: Number(inode) }));
}
