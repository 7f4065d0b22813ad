import type { Readable } from 'node:stream';
import type { Child } from '../sys/exec.js';
import type { Feed, FeedListener } from './feed.js';

/** Bytes as the shell's `printf %b` takes them. */
export function printable(bytes: Buffer): string {
  return [...bytes].map(byte => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
}

/** Reads from a relay, without keeping the process alive. Whatever it writes to its stderr means an overrun. */
export function hearRelay(
  child: Pick<Child, 'stdout' | 'stderr' | 'unref' | 'once'>,
  { onMessages, onOverrun, onEnd }: FeedListener,
): Feed {
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
    if (!disposed) onEnd?.();
  });
  child.stderr.on('data', () => onOverrun?.());
  child.unref();
  for (const pipe of [child.stdout, child.stderr] as (Readable & { unref?(): void })[]) pipe.unref?.();
  return {
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
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
