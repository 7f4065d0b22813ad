import { constants } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rmdir,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { failure, PtrapError } from '../errors.js';
import { readStat } from '../sys/stat.js';

/** Something ptrap made that outlives a call: all that is needed to take it away again from another process. */
export type Effect =
  | { kind: 'table'; family: string; name: string }
  | { kind: 'link'; name: string; alias: string }
  /** Filters with that cookie in clsact; `made`: clsact itself too. */
  | { kind: 'clsact'; device: string; made: boolean; cookie: string }
  /** A qdisc of ours in the place of what the device had at its root, object by object (src/netlink/traffic-control.ts). */
  | { kind: 'root'; device: string; snapshot: string[] }
  /** Filters with that cookie in such qdiscs, and what they have sent into the link. */
  | { kind: 'held'; link: string; cookie: string }
  | { kind: 'file'; path: string }
  /** Rules of the kernel's audit with that key; `enabled`: as it was before the first ptrap, 0 for off. */
  | { kind: 'audit'; key: string; enabled: number };

/** What a running instance writes down before each effect. */
export interface InstanceRecord {
  version: 1;
  instance: string;
  pid: number;
  /** Start time of that pid in clock ticks after boot: the pair outlasts pid reuse. */
  startTime: number;
  /** Of the kernel that it ran on (random(4)): after another start of the machine its pid and namespace mean nothing. */
  bootId: string;
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

/** No record comes near it, in bytes. */
const MOST_BYTES = 1 << 20;

const OTHERS_WRITE = 0o022;

/**
 * Checks that nobody else could have made, or may write to, the folder of the records, if there is one.
 * @throws PTRAP_E_STATE_DIR
 */
async function requireOwnFolder(): Promise<void> {
  const found = await lstat(STATE_DIR).catch(unless('ENOENT'));
  if (!found) return;
  if (!found.isDirectory()) throw failure('PTRAP_E_STATE_DIR', STATE_DIR, 'is no folder');
  if (![0, process.geteuid?.()].includes(found.uid)) {
    throw failure('PTRAP_E_STATE_DIR', STATE_DIR, `belongs to uid ${found.uid}`);
  }
  if ((found.mode & OTHERS_WRITE) !== 0)
    throw failure('PTRAP_E_STATE_DIR', STATE_DIR, 'can be written by others');
}

/**
 * Names of what lies in the folder of the records.
 * @throws PTRAP_E_STATE_DIR
 */
export async function listState(): Promise<string[]> {
  await requireOwnFolder();
  return readdir(STATE_DIR).catch(() => []);
}

/** What the record of an instance holds; empty for what is no file, is a link, or is far too long. */
export async function readState(instance: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(recordPath(instance), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (!file) return '';
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= MOST_BYTES ? await file.readFile('utf8') : '';
  } finally {
    await file.close();
  }
}

/**
 * Replaces the record on disk: written beside it, synced, renamed. Where there is no room for it, the one before stays.
 * @throws PTRAP_E_STATE_DIR, PTRAP_E_RECORD
 */
export async function writeRecord(record: InstanceRecord): Promise<void> {
  const path = recordPath(record.instance);
  const draft = `${path}.${record.pid}`;
  try {
    await writeSynced(await create(draft), JSON.stringify(record));
    await rename(draft, path);
  } catch (error) {
    if (error instanceof PtrapError) throw error;
    await unlink(draft).catch(unless('ENOENT'));
    await removeFolder();
    throw failure('PTRAP_E_RECORD', path, String(error));
  }
}

async function writeSynced(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what instances that were killed while they wrote have left of it. */
export async function removeDrafts(): Promise<void> {
  for (const name of await listState()) {
    const pid = /^[0-9a-z]{6}\.json\.(\d+)$/.exec(name)?.[1];
    if (pid === undefined || readStat('/proc', Number(pid)) !== undefined) continue;
    await unlink(`${STATE_DIR}/${name}`).catch(unless('ENOENT', 'EISDIR'));
    await removeFolder();
  }
}

/**
 * Another instance may remove the folder, as the last that ends, between our making it and using it; and one that was
 * killed may have left a draft of this name. Whatever lies there is neither followed nor written to.
 */
async function create(path: string): Promise<FileHandle> {
  for (;;) {
    await mkdir(STATE_DIR, { recursive: true, mode: 0o700 }).catch(unless('EEXIST'));
    await requireOwnFolder();
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      unless('ENOENT', 'EEXIST')(error as NodeJS.ErrnoException);
      await unlink(path).catch(unless('ENOENT'));
    }
  }
}

/** Removes an instance's record, if another has not done so, and the folder when it was the last. */
export async function removeRecord(instance: string): Promise<void> {
  await unlink(recordPath(instance)).catch(unless('ENOENT'));
  await removeFolder();
}

/** In a unit of systemd's it is not ours to remove: a mount, in a /run that is read only. */
async function removeFolder(): Promise<void> {
  await rmdir(STATE_DIR).catch(unless('ENOTEMPTY', 'ENOENT', 'EBUSY', 'EROFS'));
}

function unless(...codes: string[]) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}

/** Id of this boot of the kernel. */
export async function ownBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Inode of our network namespace. */
export async function ownNetns(): Promise<number> {
  return Number(/\d+/.exec(await readlink('/proc/self/ns/net'))?.[0]);
}
