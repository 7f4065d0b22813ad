import { constants, open, type FileHandle } from 'node:fs/promises';
import { jsonLine, type Event } from 'ptrap';

/** While lines are lost, it is said this often, in ms. */
const SAY_EVERY = 10_000;

/** A file of JSON lines that is appended to. What cannot be written is counted and told. */
export interface Log {
  /**
   * Appends one line. The first line that fails rejects with the system's error; those after it, until one
   * succeeds, are counted and said now and then: a full disk is one failure, not many.
   */
  append(event: Event): Promise<void>;
  /** Opens the file again by its name: logrotate has moved it away. On failure the old one stays in use. */
  reopen(): Promise<void>;
  /** Rejects when lines were lost that nobody has been told of in full. */
  close(): Promise<void>;
}

/** Opens `file`, which must not be a symbolic link. */
export async function openLog(file: string, say: (text: string) => void): Promise<Log> {
  let handle = await openFile(file);
  /** What is left of a line that the disk had no room for: it is finished before anything else is written. */
  let rest: Buffer = Buffer.alloc(0);
  let failing = false;
  let lost = 0;
  let saidAt = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time, in the order of the calls. */
  const inTurn = (work: () => Promise<void>) => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const lines = () => `${lost} line${lost === 1 ? '' : 's'} not written to ${file}`;

  const recovered = () => {
    failing = false;
    if (lost > 0) say(`${lines()}; it can be written again`);
    lost = 0;
  };
  const failed = (error: unknown) => {
    const now = performance.now();
    if (failing && now - saidAt < SAY_EVERY) return;
    saidAt = now;
    if (failing) return say(`${lines()} so far`);
    failing = true;
    throw error;
  };
  const finishRest = async () => {
    const { error } = await write(handle, rest);
    if (error !== undefined) lost += 1;
    rest = Buffer.alloc(0);
  };

  return {
    append: event =>
      inTurn(async () => {
        const line = Buffer.from(jsonLine(event));
        const data = Buffer.concat([rest, line]);
        const { written, error } = await write(handle, data);
        const begun = written > rest.length;
        rest = data.subarray(written, begun ? data.length : rest.length);
        if (error === undefined) return recovered();
        if (!begun) lost += 1;
        failed(error);
      }),
    reopen: () =>
      inTurn(async () => {
        const fresh = await openFile(file);
        await finishRest();
        await handle.close();
        handle = fresh;
      }),
    close: () =>
      inTurn(async () => {
        await finishRest();
        await handle.close();
        if (lost > 0) throw new Error(lines());
      }),
  };
}

/**
 * Opens for appending what no other user could have put there, and ends a line that an earlier run has left unfinished.
 * A FIFO that nobody reads refuses what it has no room for: to wait for a reader would keep the process from ending.
 */
async function openFile(file: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const handle = await open(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    await requireOwn(handle);
    if (await isTorn(handle)) await handle.write('\n');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** In a folder such as /tmp anybody may have made the file before us, or a second name for one of root's. */
async function requireOwn(handle: FileHandle): Promise<void> {
  const { uid, nlink } = await handle.stat();
  const users = [0, process.geteuid?.(), Number(process.env['SUDO_UID'] ?? 0)];
  if (!users.includes(uid)) throw new Error(`the file belongs to another user (uid ${uid})`);
  if (nlink > 1) throw new Error('the file has another name, too (a hard link)');
}

async function isTorn(handle: FileHandle): Promise<boolean> {
  const stat = await handle.stat();
  if (!stat.isFile() || stat.size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, stat.size - 1);
  return buffer[0] !== 0x0a;
}

/** Writes as much as goes in: a full disk takes a part before it refuses. */
async function write(handle: FileHandle, data: Buffer): Promise<{ written: number; error?: unknown }> {
  let written = 0;
  try {
    while (written < data.length) {
      const { bytesWritten } = await handle.write(data, written);
      written += bytesWritten;
    }
    return { written };
  } catch (error) {
    return { written, error };
  }
}
