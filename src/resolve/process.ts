import type { Ancestor, ProcessInfo } from '../events.js';
import { parseCgroup, placeOf } from '../sys/cgroup.js';
import { readProcFile, readProcLink } from '../sys/proc-file.js';
import { readStat, runsTheSame, type Stat } from '../sys/stat.js';

/** Who a process is: /proc/<pid> (proc(5)). */

/** What is told of a process besides its ids, its name and where it comes from. */
export type Image = Pick<ProcessInfo, 'exe' | 'argv' | 'cwd' | 'loginUid' | 'cgroup' | 'netns' | 'nsPid'>;

/** That of a process that could not be read. */
export const UNREAD: Image = { exe: null, argv: [], cwd: null, loginUid: null, cgroup: null, netns: null };

/** What /proc/<pid>/status says. */
export interface Status {
  /** Real, effective, saved and file system user id. */
  uids: readonly [real: number, effective: number, saved: number, fs: number];
  threads: number;
  /** Its first thread has ended. */
  isZombie: boolean;
  /** The pid in its own pid namespace; undefined where that is ours. */
  nsPid: number | undefined;
}

/** Gives a user's name. */
export type UserName = (uid: number) => string | null;

/** So many ancestors are told of: a process may have put thousands between itself and PID 1. */
export const MOST_ANCESTORS = 100;
/** How often a process that begins one program after another is read anew. */
const MOST_TRIES = 10;
/** (uid_t) -1: nobody logged in. */
const NO_LOGIN = 4294967295;

/** Everything about a process; undefined if it ends, or another takes its pid, while it is read. */
export function readProcess(proc: string, pid: number, userName: UserName): ProcessInfo | undefined {
  const program = readProgram(proc, pid);
  if (program?.uid === undefined || program.hasEnded) return undefined;
  const { stat, uid, image } = program;
  return describe({ ...stat, pid, uid }, image, readAncestors(proc, stat), userName);
}

/** What a process runs, and what is told with it. */
interface ProgramRead {
  /** After this (performance.now()) all of it was read. */
  at: number;
  stat: Stat;
  /** Undefined where it ended too soon. */
  uid: number | undefined;
  image: Image;
  /** While it was read. */
  hasEnded: boolean;
}

/** Reads all of one program, though the process may begin another meanwhile; undefined if it has ended, or another takes its pid. */
export function readProgram(proc: string, pid: number): ProgramRead | undefined {
  let stat = readStat(proc, pid);
  for (let tries = 1; stat; tries += 1) {
    const at = performance.now();
    const status = readStatus(proc, pid);
    const image = readImage(proc, pid, status);
    const now = readStat(proc, pid);
    const found = { at, stat: now ?? stat, uid: status?.uids[0], hasEnded: now === undefined };
    if (now === undefined || runsTheSame(stat, now)) return { ...found, image };
    if (now.startTime !== stat.startTime) return undefined;
    if (tries === MOST_TRIES) return { ...found, image: UNREAD };
    stat = now;
  }
  return undefined;
}

/** Puts together what is told of a process. */
export function describe(
  { pid, startTime, ppid, comm, uid }: Pick<ProcessInfo, 'pid' | 'startTime' | 'ppid' | 'comm' | 'uid'>,
  { exe, argv, cwd, loginUid, cgroup, netns, nsPid }: Image,
  ancestors: Ancestor[],
  userName: UserName,
): ProcessInfo {
  const user = userName(uid);
  const who = { pid, startTime, ppid, comm, exe, argv, cwd, uid, user, loginUid, cgroup };
  const own = nsPid === undefined ? {} : { nsPid };
  return { ...who, ...placeOf(cgroup), netns, ...own, ancestors };
}

/** Nothing but nulls where the process has ended. */
function readImage(proc: string, pid: number, status: Status | undefined): Image {
  const login = Number(readProcFile(`${proc}/${pid}/loginuid`) || NO_LOGIN);
  const nsPid = status?.nsPid;
  return {
    exe: readProcLink(`${proc}/${pid}/exe`) ?? null,
    argv: readArgv(proc, pid),
    cwd: readProcLink(`${proc}/${pid}/cwd`) ?? null,
    loginUid: login === NO_LOGIN ? null : login,
    cgroup: readCgroup(proc, pid),
    netns: inode(readProcLink(`${proc}/${pid}/ns/net`)),
    ...(nsPid !== undefined && { nsPid }),
  };
}

/** Undefined where the process has ended. */
export function readStatus(proc: string, pid: number): Status | undefined {
  return parseStatus(readProcFile(`${proc}/${pid}/status`) ?? '');
}

/**
 * Parses /proc/<pid>/status. Its first line is the process's name, in which the kernel escapes nothing but `\n` and `\`:
 * only `\n` ends a line, and not all that `^` would take for the end of one.
 */
export function parseStatus(status: string): Status | undefined {
  const [, real, effective, saved, fs] = /(?:^|\n)Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)\n/.exec(status) ?? [];
  if (real === undefined) return undefined;
  const threads = /(?:^|\n)Threads:\t(\d+)\n/.exec(status)?.[1];
  // in each pid namespace from ours to its own (proc_pid_status(5))
  const nsPid = /(?:^|\n)NSpid:\t\d+(?:\t\d+)*\t(\d+)\n/.exec(status)?.[1];
  return {
    uids: [Number(real), Number(effective), Number(saved), Number(fs)],
    threads: Number(threads ?? 1),
    isZombie: /(?:^|\n)State:\t[ZX]/.test(status),
    nsPid: nsPid === undefined ? undefined : Number(nsPid),
  };
}

/** Parent first, up to PID 1 or {@link MOST_ANCESTORS}; it ends earlier where a parent is gone and its pid has passed to someone younger. */
function readAncestors(proc: string, child: Stat): Ancestor[] {
  const ancestors: Ancestor[] = [];
  for (let { ppid, startTime } = child; ppid > 0 && ancestors.length < MOST_ANCESTORS;) {
    const stat = readStat(proc, ppid);
    if (stat === undefined || stat.startTime > startTime || ancestors.some(({ pid }) => pid === ppid)) break;
    ancestors.push({ pid: ppid, comm: stat.comm, argv: readArgv(proc, ppid) });
    ({ ppid, startTime } = stat);
  }
  return ancestors;
}

/** Empty for a kernel thread, and where the process has ended. */
export function readArgv(proc: string, pid: number): string[] {
  return parseArgv(readProcFile(`${proc}/${pid}/cmdline`) ?? '');
}

/** Null where the process has ended, or has none. */
export function readCgroup(proc: string, pid: number): string | null {
  return parseCgroup(readProcFile(`${proc}/${pid}/cgroup`) ?? '');
}

/** Arguments from /proc/<pid>/cmdline. Trailing NULs may be padding: programs write their titles over the arguments. */
export function parseArgv(cmdline: string): string[] {
  let end = cmdline.length;
  while (cmdline[end - 1] === '\0') end -= 1; // a regular expression begins anew at each NUL of thousands
  return end === 0 ? [] : cmdline.slice(0, end).split('\0');
}

/** `net:[4026531840]` → 4026531840 */
function inode(target: string | undefined): number | null {
  const digits = /\[(\d+)\]$/.exec(target ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
