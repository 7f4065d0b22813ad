import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/events.js';
import { NLM_F_DUMP } from '../../src/netlink/message.js';
import type { NetlinkSocket } from '../../src/netlink/socket.js';
import { findSockets, type Kernel } from '../../src/resolve/find.js';
import { TCP_LISTEN } from '../../src/resolve/socket.js';

const flow: Flow = {
  family: 'ipv4',
  protocol: 'tcp',
  src: { address: '10.0.0.1', port: 80 },
  dst: { address: '10.0.0.2', port: 4000 },
  oif: 'eth0',
  uid: 0,
  gid: 0,
  length: 60,
};
/** include/net/tcp_states.h */
const TCP_SYN_RECV = 3;
const LISTENER = 31337;

/** A struct inet_diag_msg of a socket on 10.0.0.1:80. */
function message(state: number, remote: readonly number[], remotePort: number, inode: number): Buffer {
  const bytes = Buffer.alloc(72);
  bytes[0] = 2;
  bytes[1] = state;
  bytes.writeUInt16BE(80, 4);
  bytes.writeUInt16BE(remotePort, 6);
  bytes.set([10, 0, 0, 1], 8);
  bytes.set(remote, 24);
  bytes.writeUInt32LE(inode, 68);
  return bytes;
}

/** A kernel with a listener, and a connection to it that nobody has accepted yet. */
function open() {
  const sockets = { connection: [message(TCP_SYN_RECV, [10, 0, 0, 2], 4000, 0)] };
  const listener = message(TCP_LISTEN, [0, 0, 0, 0], 0, LISTENER);
  const kernel: Kernel = {
    diag: {
      request: (_type, flags, payload) =>
        Promise.resolve(flags !== NLM_F_DUMP ? sockets.connection : payload[0] === 2 ? [listener] : []),
    },
    list: (_request, since) => Promise.resolve({ sockets: [], asked: since }),
    route: {} as NetlinkSocket,
    proc: '/proc',
  };
  return { kernel, sockets };
}

describe('findSockets', () => {
  it('takes a connection that is not yet accepted for its listener’s, also when asked again', async () => {
    const { kernel, sockets } = open();
    const { standing, again } = await findSockets(kernel, flow, performance.now());
    expect(standing).toMatchObject({ kind: 'owned', sockets: [{ inode: LISTENER }] });
    expect(await again()).toEqual(standing);
    sockets.connection = [];
    expect(await again()).toEqual({ kind: 'none' });
  });
});
