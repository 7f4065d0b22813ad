import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { shareRuns } from '../sys/shared-run.js';
import { isOfTheDead } from '../sys/stat.js';

/** Paths of cgroups (cgroups(7), version 2) by their ids. */
export interface Cgroups {
  /** `/system.slice/cron.service`; undefined where there is none any more, or never was. */
  pathOf(id: bigint): Promise<string | undefined>;
  /** There is a cgroup of this path: it may be gone when it is asked for. */
  learn(path: string): void;
}

/** After all cgroups have been looked through, that rests for so many times as long as it took, and no longer than so many ms. */
const REST = { times: 10, mostMs: 1000 };
/** So many are remembered. */
const MOST = 4096;

/** @param proc root of procfs */
export function openCgroups(proc: string): Cgroups {
  const paths = new Map<bigint, string>();
  const known = new Set<string>();
  let root: Promise<string | undefined> | undefined;
  /** Ids that no cgroup has any more: the kernel gives none twice. */
  const gone = new Set<bigint>();
  let restsUntil = -Infinity;

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

  async function walkTimed(): Promise<void> {
    const began = performance.now();
    await walkAll();
    const ended = performance.now();
    restsUntil = ended + Math.min(REST.mostMs, REST.times * (ended - began));
  }

  const lookThrough = shareRuns(walkTimed, () => sleep(Math.max(0, restsUntil - performance.now())));

  return {
    async pathOf(id) {
      if (paths.has(id) || gone.has(id)) return paths.get(id);
      await lookThrough();
      if (gone.size >= MOST) gone.clear();
      if (!paths.has(id)) gone.add(id);
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
