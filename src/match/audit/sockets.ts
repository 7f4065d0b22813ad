import { readlinkSync } from 'node:fs';
import { protocolName } from '../../protocol.js';
import type { Call } from './calls.js';
import type { Destination } from './sockaddr.js';

/** What a call sends by, as far as that is known. */
export interface CallSocket {
  /** Its name, or a decimal number. */
  protocol: string;
  /** Where it is connected to. */
  peer?: Destination | undefined;
  /** Where it is bound to, of one that was looked up. */
  local?: { address: string; port: number };
  /** Where it was looked up, not seen to be opened: only found in our network namespace. */
  inode?: number;
  /** A connect(2) that does not wait has begun to open a connection. */
  isOpening?: boolean;
  /** Connected to a target without a connection, and not seen to send. */
  isSilent?: boolean;
}

/** What the kernel knows of a socket in our network namespace, by its inode. */
export type LookUp = (
  inode: number,
  isUrgent: boolean,
) => Pick<Required<CallSocket>, 'protocol' | 'local' | 'peer'> | undefined;

/** The sockets of the machine, by the process that has them and their descriptor. */
export interface CallSockets {
  /** Takes note of a socket(2) that succeeded. */
  opened(call: Call): void;
  /** Takes note of a connect(2). */
  connected(call: Call, peer: Destination): void;
  /** Some calls were missed: what is known may be wrong. */
  forget(): void;
  /** What a call is made on; looked up where it was opened before. Undefined where it is gone, or not of our network namespace. */
  of(call: Pick<Call, 'pid' | 'args'>, isUrgent: boolean): CallSocket | undefined;
}

/** Sockets that are remembered. */
const MOST_KNOWN = 65_536;
const [AF_INET, AF_INET6] = [2, 10];
/** Below the flags of a type (linux/net.h). */
const TYPE_MASK = 0xf;
/** SOCK_* of linux/net.h: what stands for their default protocol. */
const DEFAULTS: Readonly<Record<number, number>> = { 1: 6, 2: 17, 5: 132, 6: 33 };
const IPPROTO_MPTCP = 262;
const IPPROTO_TCP = 6;

/** @param proc root of procfs */
export function openCallSockets(proc: string, lookUp: LookUp): CallSockets {
  const known = new Map<number, CallSocket | 'other'>();

  function remember(key: number, socket: CallSocket | 'other'): void {
    known.delete(key);
    known.set(key, socket);
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
  }

  return {
    opened({ pid, exit, args }) {
      const [domain, type, protocol] = args as [number, number, number];
      const isIp = domain === AF_INET || domain === AF_INET6;
      remember(keyOf(pid, exit), isIp ? { protocol: protocolOf(type, protocol) } : 'other');
    },
    connected({ pid, args }, peer) {
      const socket = known.get(keyOf(pid, args[0]!));
      if (socket && socket !== 'other') socket.peer = peer;
    },
    forget: () => known.clear(),
    of({ pid, args }, isUrgent) {
      const key = keyOf(pid, args[0]!);
      const before = known.get(key);
      if (before === 'other' && !isUrgent) return undefined;
      if (before && before !== 'other' && before.inode === undefined) return before;
      const last = before === 'other' ? undefined : before;
      const inode = inodeOf(proc, pid, args[0]!);
      // it has ended since: what was known of it is what it called on
      if (inode === undefined || inode === last?.inode) return last;
      const found = lookUp(inode, isUrgent);
      if (!found) return undefined;
      const socket = { ...found, inode };
      remember(key, socket);
      return socket;
    },
  };
}

/** Descriptors stay below 2^20 (fs.nr_open), process numbers below 2^22. */
function keyOf(pid: number, descriptor: number): number {
  return pid * 2 ** 21 + descriptor;
}

function protocolOf(type: number, protocol: number): string {
  if (protocol === IPPROTO_MPTCP) return protocolName(IPPROTO_TCP);
  return protocolName(protocol === 0 ? (DEFAULTS[type & TYPE_MASK] ?? 0) : protocol);
}

function inodeOf(proc: string, pid: number, descriptor: number): number | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${proc}/${pid}/fd/${descriptor}`))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch {
    return undefined; // it has ended, or closed it
  }
}
