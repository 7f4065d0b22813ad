import { readdir, readFile, stat } from 'node:fs/promises';
import { isOfTheDead } from '../sys/stat.js';

/** Paths of cgroups (cgroups(7), version 2) by their ids. */
export interface Cgroups {
  /** `/system.slice/cron.service`; undefined where there is none any more, or never was. */
  pathOf(id: bigint): Promise<string | undefined>;
  /** There is a cgroup of this path: it may be gone when it is asked for. */
  learn(path: string): void;
}

/** Not found again sooner than after this, in ms, all cgroups are not looked through anew. */
const AGAIN_MS = 1000;
/** So many are remembered. */
const MOST = 4096;

/** @param proc root of procfs */
export function openCgroups(proc: string): Cgroups {
  const paths = new Map<bigint, string>();
  const known = new Set<string>();
  let root: Promise<string | undefined> | undefined;
  let walk: Promise<void> = Promise.resolve();
  let walkedAt = -Infinity;

  const rootOf = (): Promise<string | undefined> => (root ??= findRoot(proc));

  async function note(base: string, path: string): Promise<void> {
    const found = await orNothing(stat(base + path, { bigint: true }));
    if (found === undefined) return;
    paths.delete(found.ino);
    paths.set(found.ino, path || '/');
    const [oldest = 0n] = paths.keys();
    if (paths.size > MOST) paths.delete(oldest);
  }

  async function noteAll(base: string, path: string): Promise<void> {
    await note(base, path);
    const entries = (await orNothing(readdir(base + path, { withFileTypes: true }))) ?? [];
    for (const entry of entries) if (entry.isDirectory()) await noteAll(base, `${path}/${entry.name}`);
  }

  async function walkAll(): Promise<void> {
    const base = await rootOf();
    if (base !== undefined) await noteAll(base, '');
  }

  return {
    async pathOf(id) {
      if (!paths.has(id) && performance.now() - walkedAt > AGAIN_MS) {
        walkedAt = performance.now();
        walk = walkAll();
      }
      if (!paths.has(id)) await walk;
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
