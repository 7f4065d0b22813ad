import { readdirSync, readFileSync } from 'node:fs';
import { readProcLink } from '../sys/proc-file.js';

/**
 * Whether a network namespace of that inode still exists, as far as it can be seen: a process is in it or has it open, or
 * it is mounted somewhere (a name of ip-netns(8), a container's).
 */
export function netnsExists(inode: number, proc = '/proc'): boolean {
  const link = `net:[${inode}]`;
  const mounts = new Set<string>(); // one reading of each mount namespace will do
  return readdirSync(proc)
    .filter(name => /^\d+$/.test(name))
    .map(pid => `${proc}/${pid}`)
    .some(process => {
      if (readProcLink(`${process}/ns/net`) === link) return true;
      const mountNamespace = readProcLink(`${process}/ns/mnt`);
      const isNew = mountNamespace !== undefined && !mounts.has(mountNamespace);
      if (isNew) mounts.add(mountNamespace);
      return (isNew && mountsOf(process).includes(` ${link} `)) || hasOpen(process, link);
    });
}

function hasOpen(process: string, link: string): boolean {
  return namesIn(`${process}/fd`).some(name => readProcLink(`${process}/fd/${name}`) === link);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function mountsOf(process: string): string {
  try {
    return readFileSync(`${process}/mountinfo`, 'utf8');
  } catch {
    return '';
  }
}
