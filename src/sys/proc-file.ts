import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';

/** Longest file that is read, in bytes: a command line may be longer. */
const FILE_BYTES = 4096;
const buffer = Buffer.allocUnsafe(FILE_BYTES);

/** The first 4096 bytes of a process's file under /proc; undefined where it has ended, or the kernel has no such file. */
export function readProcFile(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Where a process's link under /proc points to; undefined where it has ended, is a kernel thread, or is not ours to look into. */
export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
