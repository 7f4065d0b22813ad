import { mkdir, open, readdir, readlink, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { readStat } from '../sys/stat.js';

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
  const path = recordPath(record.instance);
  const draft = `${path}.${record.pid}`;
  const file = await create(draft);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** Removes what instances that were killed while they wrote have left of it. */
export async function removeDrafts(): Promise<void> {
  for (const name of await readdir(STATE_DIR).catch(() => [])) {
    const pid = /^[0-9a-z]{6}\.json\.(\d+)$/.exec(name)?.[1];
    if (pid === undefined || readStat('/proc', Number(pid)) !== undefined) continue;
    await unlink(`${STATE_DIR}/${name}`).catch(unless('ENOENT'));
    await removeFolder();
  }
}

/** Another instance may remove the folder, as the last that ends, between our making it and using it. */
async function create(path: string): Promise<FileHandle> {
  for (;;) {
    await mkdir(STATE_DIR, { recursive: true, mode: 0o700 });
    try {
      return await open(path, 'w', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Removes an instance's record, if another has not done so, and the folder when it was the last. */
export async function removeRecord(instance: string): Promise<void> {
  await unlink(recordPath(instance)).catch(unless('ENOENT'));
  await removeFolder();
}

async function removeFolder(): Promise<void> {
  await rmdir(STATE_DIR).catch(unless('ENOTEMPTY', 'ENOENT'));
}

function unless(...codes: string[]) {
  return (error: NodeJS.ErrnoException): void => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}

/** Inode of our network namespace. */
export async function ownNetns(): Promise<number> {
  return Number(/\d+/.exec(await readlink('/proc/self/ns/net'))?.[0]);
}
