import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { Ancestor, ProcessInfo } from '../events.js';
import { containerOf, parseCgroup, unitOf } from './cgroup.js';
import { readStat, type Stat } from '../sys/stat.js';

/** Who a process is: /proc/<pid> (proc(5)). */

/** Longest command line that is read, in bytes. */
const ARGV_BYTES = 4096;
/** (uid_t) -1: nobody logged in. */
const NO_LOGIN = 4294967295;

/** Everything about a process; undefined if it ends, or another takes its pid, while it is read. */
export function readProcess(
  proc: string,
  pid: number,
  userName: (uid: number) => string | null,
): ProcessInfo | undefined {
  const stat = readStat(proc, pid);
  const uid = /^Uid:\s+(\d+)/m.exec(text(proc, pid, 'status') ?? '')?.[1];
  if (stat === undefined || uid === undefined) return undefined;
  const login = Number(text(proc, pid, 'loginuid') || NO_LOGIN);
  const cgroup = parseCgroup(text(proc, pid, 'cgroup') ?? '');
  const info = {
    pid,
    startTime: stat.startTime,
    ppid: stat.ppid,
    comm: stat.comm,
    exe: link(proc, pid, 'exe'),
    argv: readArgv(proc, pid),
    cwd: link(proc, pid, 'cwd'),
    uid: Number(uid),
    user: userName(Number(uid)),
    loginUid: login === NO_LOGIN ? null : login,
    cgroup,
    unit: cgroup && unitOf(cgroup),
    container: cgroup && containerOf(cgroup),
    netns: inode(link(proc, pid, 'ns/net')),
    ancestors: readAncestors(proc, stat),
  };
  return readStat(proc, pid)?.startTime === stat.startTime ? info : undefined;
}

/** Parent first, up to PID 1; it ends earlier where a parent is gone and its pid has passed to someone younger. */
function readAncestors(proc: string, child: Stat): Ancestor[] {
  const ancestors: Ancestor[] = [];
  for (let { ppid, startTime } = child; ppid > 0;) {
    const stat = readStat(proc, ppid);
    if (stat === undefined || stat.startTime > startTime || ancestors.some(({ pid }) => pid === ppid)) break;
    ancestors.push({ pid: ppid, comm: stat.comm, argv: readArgv(proc, ppid) });
    ({ ppid, startTime } = stat);
  }
  return ancestors;
}

function readArgv(proc: string, pid: number): string[] {
  const buffer = Buffer.allocUnsafe(ARGV_BYTES);
  try {
    const fd = openSync(`${proc}/${pid}/cmdline`, 'r');
    try {
      return parseArgv(buffer.subarray(0, readSync(fd, buffer)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return []; // ended
  }
}

/** Arguments from /proc/<pid>/cmdline. Trailing NULs may be padding: programs write their titles over the arguments. */
export function parseArgv(cmdline: Buffer): string[] {
  const line = cmdline.toString('utf8').replace(/\0+$/, '');
  return line === '' ? [] : line.split('\0');
}

function text(proc: string, pid: number, file: string): string | undefined {
  try {
    return readFileSync(`${proc}/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // ended, or not in this kernel
  }
}

function link(proc: string, pid: number, file: string): string | null {
  try {
    return readlinkSync(`${proc}/${pid}/${file}`);
  } catch {
    return null; // ended, or a kernel thread
  }
}

/** `net:[4026531840]` → 4026531840 */
function inode(target: string | null): number | null {
  const digits = /\[(\d+)\]$/.exec(target ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
