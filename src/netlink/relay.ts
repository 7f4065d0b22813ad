import type { Readable } from 'node:stream';
import type { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { startOn, type Child } from '../sys/exec.js';
import { descriptorOf } from './descriptor.js';
import type { PromptNetlink } from './prompt.js';

/**
 * Hands an open netlink socket to a child that copies what it receives to its stdout, and closes it here.
 *
 * npm `netlink` 0.3.0 aborts the whole process (SIGABRT) as soon as the kernel has had more to tell than the socket's
 * buffer held: libuv takes the ENOBUFS for a failed poll, and the addon answers that with a C++ exception which nothing
 * catches. Here it only ends the child. One read of the pipe also brings many messages.
 * @param lastWords a message that the child sends to the kernel when it ends, whatever ended ptrap
 * @param stdout a pipe, or our own
 */
export function startRelay(
  socket: RawNetlinkSocket,
  protocol: number,
  lastWords: Buffer,
  stdout: 'pipe' | 'inherit',
): Omit<Child, 'stdin'> {
  const script = `cat; printf %b '${printable(lastWords)}' >&0`;
  const child = startOn(descriptorOf(socket, protocol), { stdout }, 'sh', ['-c', script]);
  // before the event loop turns: to the child the socket is a blocking one, and so to us
  socket.close();
  return child;
}

/**
 * Copies the socket to stdout, past overruns (ENOBUFS, of which it says a word), until ptrap has gone or reads no more.
 * A cat that waits for a packet sees neither: the signal of its parent's death does. A parent that had died before
 * that was asked for is told by the pid of the one in its place.
 */
const PAST_OVERRUNS = `[ $PPID = ${process.pid} ] || exit
  while :; do setpriv --pdeathsig KILL sh -c '[ $PPID = '$$' ] && exec cat' && break
  [ $? -gt 1 ] && break; echo overrun >&2; done`;

/**
 * Hands a socket to a child that copies its messages to its stdout; a line on its stderr says that some were lost. SIGKILL ends it.
 * @param stdout a pipe, or our own
 */
export function relayPastOverruns(
  socket: Pick<PromptNetlink, 'handOver'>,
  stdout: 'pipe' | 'inherit' = 'pipe',
): Omit<Child, 'stdin'> {
  return socket.handOver('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', PAST_OVERRUNS], { stdout });
}

/** Bytes as the shell's `printf %b` takes them. */
export function printable(bytes: Buffer): string {
  return [...bytes].map(byte => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
}

/** Hears what a relay brings. */
export interface RelayListener {
  /** The bytes of whole messages, in order. */
  onMessages(bytes: Buffer): void;
  /** It has ended, or could not be started; not told after disposal. */
  onEnd(): void;
}

/** Reads from a relay, without keeping the process alive. */
export function hearRelay(
  child: Pick<Child, 'stdout' | 'stderr' | 'unref' | 'once'>,
  { onMessages, onEnd }: RelayListener,
): Disposable {
  let disposed = false;
  let rest: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    if (disposed) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = endOfWhole(bytes);
    rest = bytes.subarray(end);
    if (end > 0) onMessages(bytes.subarray(0, end));
  });
  child.stdout.once('close', () => {
    if (!disposed) onEnd();
  });
  child.stderr.resume();
  child.unref();
  for (const pipe of [child.stdout, child.stderr] as (Readable & { unref?(): void })[]) pipe.unref?.();
  return {
    [Symbol.dispose]() {
      disposed = true;
      child.stdout.destroy(); // its next write ends the child
    },
  };
}

/** No message is longer, in bytes: one that claims to be is none. */
const MOST_BYTES = 1 << 20;

/** Where the last whole message ends; what is no message is not waited for, but left to its reader to refuse. */
function endOfWhole(bytes: Buffer): number {
  let end = 0;
  while (end + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(end);
    if (length < 16 || length > MOST_BYTES) return bytes.length;
    const next = end + ((length + 3) & ~3);
    if (next > bytes.length) break;
    end = next;
  }
  return end;
}
