import { closeSync, readlinkSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { openByHandle } from '../netlink/libc.js';
import { isOfTheDead } from '../sys/stat.js';

/** Paths of cgroups (cgroups(7), version 2) by their ids. */
export interface Cgroups {
  /** `/system.slice/cron.service`; undefined where there is none any more, or never was. */
  pathOf(id: bigint): Promise<string | undefined>;
  /** There is a cgroup of this path: it may be gone when it is asked for. */
  learn(path: string): void;
}

/** So many are remembered. */
const MOST = 4096;
/** A handle that is a cgroup's id (FILEID_KERNFS of linux/exportfs.h). */
const BY_ID = 0xfe;

/** @param proc root of procfs */
export function openCgroups(proc: string): Cgroups {
  const paths = new Map<bigint, string>();
  const known = new Set<string>();
  let root: Promise<string | undefined> | undefined;

  const rootOf = (): Promise<string | undefined> => (root ??= findRoot(proc));

  async function note(base: string, path: string): Promise<void> {
    const found = await orNothing(stat(base + path, { bigint: true }));
    if (found === undefined) return;
    paths.delete(found.ino);
    paths.set(found.ino, path || '/');
    const [oldest = 0n] = paths.keys();
    if (paths.size > MOST) paths.delete(oldest);
  }

  async function noteById(id: bigint): Promise<void> {
    const base = await rootOf();
    if (base === undefined) return;
    await using mount = await orNothing(open(base));
    const folder = mount && folderOf(proc, mount.fd, id);
    if (folder !== undefined && `${folder}/`.startsWith(`${base}/`))
      await note(base, folder.slice(base.length));
  }

  return {
    async pathOf(id) {
      if (!paths.has(id)) await noteById(id);
      return paths.get(id);
    },
    learn(path) {
      if (known.has(path)) return;
      if (known.size >= MOST) known.clear();
      known.add(path);
      rootOf()
        .then(base => (base === undefined ? undefined : note(base, path)))
        .catch(() => known.delete(path));
    },
  };
}

/** Not below the mount where that shows a part of the tree only; undefined where there is none, and where the kernel does not let us ask. */
function folderOf(proc: string, mount: number, id: bigint): string | undefined {
  const fd = openByHandle(mount, BY_ID, new Uint8Array(BigUint64Array.of(id).buffer));
  if (fd < 0) return undefined;
  try {
    return readlinkSync(`${proc}/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** Where cgroups of version 2 are mounted, also beside version 1 (proc_pid_mountinfo(5)). */
async function findRoot(proc: string): Promise<string | undefined> {
  const lines = (await readFile(`${proc}/self/mountinfo`, 'utf8')).split('\n');
  const mount = lines.find(line => line.includes(' - cgroup2 '))?.split(' ')[4];
  return mount?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** Undefined where it has gone meanwhile. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isOfTheDead(error) || (error as NodeJS.ErrnoException).code === 'ENODEV') return undefined;
    throw error;
  }
}
