import { createWriteStream, fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A stream that a person or a program reads. */
export type Outlet = Writable & Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

/**
 * stdout or stderr as a stream whose writes come back at once. Node's own do so for pipes and sockets; but it would wait
 * for a terminal that was stopped (Ctrl-S) and for a file on a disk that hangs (nodejs.org, process I/O).
 */
export function unblocked(stream: NodeJS.WriteStream & { fd: number }): Outlet {
  if (stream.isTTY) {
    // node has no public name for it; libuv has opened the terminal anew, so nobody else's descriptor changes
    (stream as unknown as { _handle: { setBlocking(isBlocking: boolean): void } })._handle.setBlocking(false);
    return stream;
  }
  const stat = fstatSync(stream.fd);
  if (stat.isFIFO() || stat.isSocket()) return stream;
  return createWriteStream('', { fd: stream.fd, autoClose: false }) as unknown as Outlet;
}
