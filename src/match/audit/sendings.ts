import { constants } from 'node:os';
import { readSockaddr, type Destination } from './sockaddr.js';
import type { Call } from './calls.js';
import type { Aim } from './aim.js';
import type { CallSocket, CallSockets } from './sockets.js';
import type { Whereabouts } from './whereabouts.js';

/** A call that sends, by what and to where. */
export interface Sending {
  call: Call;
  socket: CallSocket;
  to: Destination;
  /** The rule that it is told by: the index of a target, or `p` for the probe. */
  tag: string;
  /** Whether it is in our network namespace; undefined where {@link Whereabouts.wasHere} is to tell. */
  isHere: true | undefined;
}

/** Calls to a target of which not enough is known. */
export interface Doubts {
  /** Their socket was opened before, and has gone: so has its protocol. */
  socketGone: number;
  /** UDP and other sockets without connections that were connected to a target: what writes to one is not seen. */
  connected: number;
}

/** Finds out which calls send to a target. */
export interface Sendings {
  /** What the call sends, if it does so to a target or to the probe. */
  of(call: Call): Sending | undefined;
  readonly doubts: Readonly<Doubts>;
}

export interface SendingsOptions {
  aim: Pick<Aim, 'mayHit' | 'hit'>;
  sockets: CallSockets;
  whereabouts: Omit<Whereabouts, 'wasHere'>;
  /** Of tcp only what opens a connection. */
  newConnections: boolean;
}

/** What connect(2) answers though its first packet has left. */
const { EINPROGRESS, ECONNREFUSED, ETIMEDOUT, ECONNRESET, EHOSTUNREACH, EINTR } = constants.errno;
/** Of the kernel's own (linux/errno.h): what a signal has interrupted. */
const ERESTARTSYS = 512;
const HAS_LEFT = [EINPROGRESS, ECONNREFUSED, ETIMEDOUT, ECONNRESET, EHOSTUNREACH, EINTR, ERESTARTSYS];

/** These send when they connect. */
const CONNECTING: readonly string[] = ['tcp', 'sctp', 'dccp'];
/** Sends data along with the opening SYN (tcp(7)). */
const MSG_FASTOPEN = 0x20000000;

export function openSendings({ aim, sockets, whereabouts, newConnections }: SendingsOptions): Sendings {
  const doubts: Doubts = { socketGone: 0, connected: 0 };

  /** A send on a connected socket, or on one whose address does not count. */
  function toPeer(call: Call, socket: CallSocket | undefined): Sending | undefined {
    if (!socket?.peer || (newConnections && CONNECTING.includes(socket.protocol))) return undefined;
    const sending = told({ call, socket, to: socket.peer });
    if (sending && socket.isSilent) {
      socket.isSilent = false;
      doubts.connected -= 1;
    }
    return sending;
  }

  function connect(call: Call, to: Destination): Sending | undefined {
    if (call.exit < 0 && !HAS_LEFT.includes(-call.exit)) return undefined;
    if (!aim.mayHit(to)) {
      sockets.connected(call, to);
      return undefined;
    }
    const socket = sockets.of(call, true);
    if (!socket) {
      doubts.socketGone += 1;
      return undefined;
    }
    socket.peer = to;
    if (!CONNECTING.includes(socket.protocol)) {
      if (!socket.isSilent && told({ call, socket, to })) {
        socket.isSilent = true;
        doubts.connected += 1;
      }
      return undefined;
    }
    const wasOpening = socket.isOpening;
    socket.isOpening = -call.exit === EINPROGRESS;
    // asked how that went, it answers once more
    return wasOpening ? undefined : told({ call, socket, to });
  }

  function send(call: Call, to: Destination | undefined): Sending | undefined {
    if (call.exit < 0) return undefined;
    if (!to) return toPeer(call, sockets.of(call, false));
    if (!aim.mayHit(to)) return undefined;
    const socket = sockets.of(call, true);
    if (!socket) {
      doubts.socketGone += 1;
      return undefined;
    }
    if (!CONNECTING.includes(socket.protocol) || isFastOpen(call)) return told({ call, socket, to });
    return toPeer(call, socket);
  }

  function told(found: Omit<Sending, 'tag' | 'isHere'>): Sending | undefined {
    const tag = aim.hit(found.to, found.socket.protocol);
    if (tag === undefined) return undefined;
    // one that was looked up is in our network namespace
    const isHere = found.socket.inode !== undefined || whereabouts.isHere(found.call);
    return isHere === false ? undefined : { ...found, tag, isHere };
  }

  return {
    doubts,
    of(call) {
      if (call.name === 'setns' || call.name === 'unshare') {
        whereabouts.moved(call);
        return undefined;
      }
      if (call.name === 'socket') {
        if (call.exit >= 0) sockets.opened(call);
        return undefined;
      }
      const to = call.address && readSockaddr(call.address);
      if (call.address && !to) return undefined; // to a unix socket, or the kernel
      if (call.name === 'connect') return to && connect(call, to);
      return send(call, to);
    },
  };
}

function isFastOpen({ name, args }: Call): boolean {
  const flags = name === 'sendmsg' ? args[2] : args[3];
  return ((flags ?? 0) & MSG_FASTOPEN) !== 0;
}
