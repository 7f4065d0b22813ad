import { open, readdir, readFile } from 'node:fs/promises';
import type { Ancestor, ProcessInfo } from 'ptrap';

/** Some children of a process, newest first, and how many there are in all. */
export interface Children {
  shown: Ancestor[];
  total: number;
}

/** Most threads whose children are read: each thread has a list of its own. */
const MAX_THREADS = 64;

/** Most that is read of a file of a process, in bytes: a command line may have megabytes. */
const FILE_BYTES = 4096;

/**
 * Children of a process, from `/proc/<pid>/task/<tid>/children` (proc(5); needs CONFIG_PROC_CHILDREN).
 * A process that is gone has none.
 */
export async function childrenOf(pid: number, most: number): Promise<Children> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.slice(0, MAX_THREADS).map(thread => readList(`/proc/${pid}/task/${thread}/children`)),
  );
  const pids = lists.flatMap(list => list.split(' ').filter(Boolean).map(Number));
  const newest = pids.sort((a, b) => b - a).slice(0, most);
  const described = await Promise.all(newest.map(describe));
  return { shown: described.filter(({ comm }) => comm !== ''), total: pids.length };
}

/** Whether a process is still the one that was seen, and not another with its pid. */
export async function isAlive({ pid, startTime }: ProcessInfo): Promise<boolean> {
  const stat = await read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === String(startTime); // field 22 of proc(5), counted from the state
}

async function describe(pid: number): Promise<Ancestor> {
  const [comm, cmdline] = await Promise.all([read(`/proc/${pid}/comm`), read(`/proc/${pid}/cmdline`)]);
  return { pid, comm: comm.trimEnd(), argv: cmdline.replace(/\0$/, '').split('\0').filter(Boolean) };
}

/** A list of pids, however long; empty when its process is gone. */
function readList(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}

/** The beginning of a file of /proc; empty when its process is gone. */
async function read(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return ''; // ended
  } finally {
    await file.close();
  }
}
