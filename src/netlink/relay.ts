import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { RawNetlinkSocket } from 'netlink';
import { startOn } from '../sys/exec.js';

/** Hears what a relayed socket brings. */
export interface RelayListener {
  /** The bytes of whole messages, in order. */
  onMessages(bytes: Buffer): void;
  /** The child has ended, or could not be started; not told after disposal. */
  onEnd(): void;
}

/**
 * Hands an open netlink socket to a child that copies what it receives into a pipe, and closes it here.
 *
 * npm `netlink` 0.3.0 aborts the whole process (SIGABRT) as soon as the kernel has had more to tell than the socket's
 * buffer held: libuv takes the ENOBUFS for a failed poll, and the addon answers that with a C++ exception which nothing
 * catches. Here it only ends the child. One read of the pipe also brings many messages.
 * @param lastWords a message that the child sends to the kernel when it ends, whatever ended ptrap
 */
export function relay(
  socket: RawNetlinkSocket,
  protocol: number,
  lastWords: Buffer,
  { onMessages, onEnd }: RelayListener,
): Disposable {
  const octal = [...lastWords].map(byte => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  const child = startOn(descriptorOf(socket, protocol), 'sh', ['-c', `cat; printf %b '${octal}' >&0`]);
  // before the event loop turns: to the child the socket is a blocking one, and so to us
  socket.close();
  let disposed = false;
  let rest: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    if (disposed) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = endOfWhole(bytes);
    rest = bytes.subarray(end);
    if (end > 0) onMessages(bytes.subarray(0, end));
  });
  child.stderr.resume();
  child.once('close', () => {
    if (!disposed) onEnd();
  });
  child.unref();
  (child.stdout as { unref?(): void }).unref?.();
  return {
    [Symbol.dispose]() {
      disposed = true;
      child.stdout.destroy(); // its next write ends the child
    },
  };
}

/** Where the last whole message ends. */
function endOfWhole(bytes: Buffer): number {
  let end = 0;
  while (end + 4 <= bytes.length) {
    const next = end + ((Math.max(16, bytes.readUInt32LE(end)) + 3) & ~3);
    if (next > bytes.length) break;
    end = next;
  }
  return end;
}

/** Number of the file descriptor behind a socket: /proc/net/netlink (proc(5)) knows its port and its inode. */
function descriptorOf(socket: RawNetlinkSocket, protocol: number): number {
  const { port } = socket.address();
  const line = readFileSync('/proc/self/net/netlink', 'latin1')
    .split('\n')
    .map(text => text.trim().split(/\s+/))
    .find(fields => fields[1] === String(protocol) && fields[2] === String(port));
  const link = `socket:[${line?.at(-1)}]`;
  const descriptor = readdirSync('/proc/self/fd').find(name => linkTo(`/proc/self/fd/${name}`) === link);
  return Number(descriptor);
}

function linkTo(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // the one that lists them
  }
}
