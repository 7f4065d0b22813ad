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
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_RECV = 3;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LISTEN = 10;
