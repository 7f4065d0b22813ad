import { open, mkdir, readFile, readlink, rename, rmdir, unlink } from 'node:fs/promises';

/** Something ptrap made that outlives a call: all that is needed to take it away again from another process. */
export type Effect =
  | { kind: 'table'; family: string; name: string }
  | { kind: 'link'; name: string; alias: string }
  | { kind: 'file'; path: string };

/** What a running instance writes down before each effect. */
export interface InstanceRecord {
  version: 1;
  instance: string;
  pid: number;
  /** Start time of that pid in clock ticks after boot: the pair outlasts pid reuse. */
  startTime: number;
  /** Inode of the network namespace that the effects are in. */
  netns: number;
  targets: string[];
  /** Oldest first. */
  effects: Effect[];
}

/** Folder of the records; root's alone. */
export const STATE_DIR = '/run/ptrap';

/** The record's file of an instance. */
export function recordPath(instance: string): string {
  return `${STATE_DIR}/${instance}.json`;
}

/** Replaces the record on disk: written beside it, synced, renamed. */
export async function writeRecord(record: InstanceRecord): Promise<void> {
  await mkdir(STATE_DIR, { recursive: true, mode: 0o700 });
  const path = recordPath(record.instance);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** Removes an instance's record, and the folder when it was the last. */
export async function removeRecord(instance: string): Promise<void> {
  await unlink(recordPath(instance));
  await rmdir(STATE_DIR).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
  });
}

/** Start time of a process in clock ticks after boot (field 22 of proc_pid_stat(5)); undefined when there is none. */
export async function startTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // comm may hold spaces and parentheses: fields count from the last ')'
  const field = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? undefined : Number(field);
}

/** Inode of our network namespace. */
export async function ownNetns(): Promise<number> {
  return Number(/\d+/.exec(await readlink('/proc/self/ns/net'))?.[0]);
}
