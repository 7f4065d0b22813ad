/** A socket as the kernel lists it, from sock_diag or /proc/net. */
export interface Socket {
  /** TCP_* state of the kernel's net/tcp_states.h; also of sockets that are not tcp. */
  state: number;
  /** Canonical text; the IPv4 address where an AF_INET6 socket has an IPv4-mapped one. */
  local: { address: string; port: number };
  /** `0.0.0.0` or `::` and port 0 without a peer. */
  remote: { address: string; port: number };
  /** Index of the device it is bound to, 0 for none. */
  device: number;
  uid: number;
  /** 0: no file belongs to it (TIME_WAIT, half-open, waiting in an accept queue, orphaned). */
  inode: number;
  /** An AF_INET6 socket that does not speak IPv4. */
  v6Only: boolean;
}

/** The states that matter here (kernel: include/net/tcp_states.h). */
const TCP_ESTABLISHED = 1;
const TCP_SYN_RECV = 3;
const TCP_CLOSE_WAIT = 8;
export const TCP_LISTEN = 10;

/** Whether a tcp socket has a peer. */
export function isConnected({ state, remote }: Socket): boolean {
  return state !== TCP_LISTEN && remote.port !== 0;
}

/** In these states a tcp socket without an inode is not yet accepted: its packets are the listener's. */
export function isNotAccepted({ state }: Socket): boolean {
  return [TCP_SYN_RECV, TCP_ESTABLISHED, TCP_CLOSE_WAIT].includes(state);
}
