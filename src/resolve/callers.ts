import { readFileSync } from 'node:fs';
import type { ProcessInfo } from '../events.js';
import type { Caller } from '../match/source.js';
import type { Answer } from './owners.js';
import { readProcess, type UserName } from './process.js';
import type { ProcessTable } from './table.js';

/** Says who a process is that the kernel named when it called. */
export type NameCaller = (caller: Caller) => Answer;

/** Clock ticks are 10 ms (USER_HZ), and /proc/uptime is cut to one. */
const TICK_MS = 10;

/**
 * The way for sources that see the calls which send. Who called is certain; what else is told of it is what the
 * process table remembers of that moment, or what /proc shows while that is certain to be the same process and program.
 * @param table asked first, while it is complete
 */
export function openCallers(
  proc: string,
  table: Pick<ProcessTable, 'isComplete' | 'caller'> | undefined,
  userName: UserName,
): NameCaller {
  return caller => {
    if (caller.isKernel) return { reason: 'kernel' };
    const known = table?.isComplete ? table.caller(caller) : undefined;
    const info = known ?? readCaller(proc, caller, userName) ?? bare(caller, userName);
    return { via: caller.via, grade: 'call', inode: null, processes: [asItCalled(info, caller)] };
  };
}

/** Undefined where it has ended, or another has its pid. */
function readCaller(proc: string, caller: Caller, userName: UserName): ProcessInfo | undefined {
  const info = readProcess(proc, caller.pid, userName);
  if (info === undefined) return undefined;
  const isSame =
    caller.startTime === undefined
      ? info.startTime * TICK_MS <= uptimeAt(proc, caller.at) + 2 * TICK_MS
      : info.startTime === caller.startTime;
  return isSame ? info : undefined;
}

/** What the kernel said of it in the moment of the call counts; a name that differs shows that it has begun another program since. */
function asItCalled(info: ProcessInfo, { comm, exe, startTime }: Caller): ProcessInfo {
  const isOther =
    (comm !== undefined && comm !== info.comm) ||
    (exe !== undefined && info.exe !== null && exe !== info.exe);
  return {
    ...info,
    ...(isOther && { argv: [] }),
    ...(startTime !== undefined && { startTime }),
    comm: comm ?? info.comm,
    exe: exe ?? (isOther ? null : info.exe),
  };
}

/** A time of performance.now() in ms after boot. */
function uptimeAt(proc: string, at: number): number {
  return parseFloat(readFileSync(`${proc}/uptime`, 'latin1')) * 1000 - (performance.now() - at);
}

/** All that the kernel said. */
function bare(
  { pid, startTime = 0, ppid = 0, comm = '', uid, loginUid }: Caller,
  userName: UserName,
): ProcessInfo {
  return {
    pid,
    startTime,
    ppid,
    comm,
    exe: null,
    argv: [],
    cwd: null,
    uid,
    user: userName(uid),
    loginUid: loginUid ?? null,
    cgroup: null,
    unit: null,
    container: null,
    netns: null,
    ancestors: [],
  };
}
