import { readFileSync } from 'node:fs';
import type { Ancestor, ProcessInfo } from '../events.js';
import { readStat, runsTheSame } from '../sys/stat.js';
import { openAllowance, type Allowance } from './allowance.js';
import {
  describe,
  MOST_ANCESTORS,
  readArgv,
  readCgroup,
  readProgram,
  readStatus,
  UNREAD,
  type Image,
  type UserName,
} from './process.js';
import { forebears, type Tracked } from './roster.js';

/** What the processes of the table run. */
export interface Programs {
  /** A process has begun to run something else: that is read in a moment, if there is time and it still lives. */
  began(process: Tracked): void;
  /** The same, at once: it may be all that will be left of it. */
  catch(process: Tracked): void;
  /** Reads what it runs; false when it has ended, or another process has its pid. */
  read(process: Tracked): boolean;
  /** Who a process is that lives; undefined when it has ended. */
  tell(process: Tracked, userName: UserName): ProcessInfo | undefined;
  /** Who a process was that has ended, as far as it was read in time; undefined where too little was. */
  recall(process: Tracked, userName: UserName): ProcessInfo | undefined;
  /** Who a process was at a time (performance.now()), dead or alive: what it has begun to run since is not told. */
  recallAt(process: Tracked, at: number, userName: UserName): ProcessInfo | undefined;
}

/** What may go into reading what begins. */
const BUDGET: Allowance = { share: 0.05, savedMs: 25 };
/** The same where what begins is read before it may call and end. */
export const LARGE_BUDGET: Allowance = { share: 0.25, savedMs: 1000 };
/** And beyond that into its cgroup alone: that names the unit of those who have sent and ended. */
const CGROUP_BUDGET: Allowance = { share: 0.01, savedMs: 10 };
/** What ends sooner, in ms, is not read: reading it would hold up the match that it may have caused. */
const SETTLED_MS = 2;
/** What was read of a process and is not older is true enough, in ms: it may send packet after packet. */
const FRESH_MS = 50;
/** And for those who stand behind it. */
const ANCESTOR_MS = 1000;
/** Clock ticks are 10 ms (USER_HZ). */
const TICK_MS = 10;

/** Who hears of what is read. */
export interface ProgramsListener {
  /** There was no time to read what a process has begun to run. */
  onShed(): void;
  /** A process is in this cgroup. */
  onCgroup(path: string): void;
}

/** Reads programs from /proc. */
export function openPrograms(
  proc: string,
  { onShed, onCgroup }: ProgramsListener,
  budget = BUDGET,
): Programs {
  const affordProgram = openAllowance(budget);
  const affordCgroup = openAllowance(CGROUP_BUDGET);
  const begun: Tracked[] = [];

  function read(process: Tracked): boolean {
    const found = readProgram(proc, process.pid);
    if (found === undefined) return false;
    const { at, stat, uid, image } = found;
    if (stat.startTime !== (process.startTime ?? stat.startTime)) return false;
    if (image.cgroup !== null) onCgroup(image.cgroup);
    const { startTime, comm, stack } = stat;
    Object.assign(process, { startTime, comm, read: { at, stack, uid } });
    // not read yet, it is its forks' too
    if (process.program.image === undefined) process.program.image = image;
    else process.program = { ...process.program, image };
    return true;
  }

  /** Events tell of its user. */
  function knowsUser(process: Tracked): boolean {
    if (process.uid !== undefined) return true;
    const uids = readStatus(proc, process.pid)?.uids;
    if (uids === undefined) return false;
    process.uid = { real: uids[0], effective: uids[1] };
    return true;
  }

  function isFresh({ read }: Tracked): boolean {
    return read !== undefined && read.at > performance.now() - FRESH_MS;
  }

  /** The event that tells of its exec, or of its name, may be under way yet. */
  function isUnchanged({ pid, startTime, comm, read }: Tracked): boolean {
    const now = readStat(proc, pid);
    return (
      now !== undefined && runsTheSame({ startTime, comm, stack: read?.stack }, now) && comm === now.comm
    );
  }

  function ancestorOf(process: Tracked): Ancestor {
    if (process.ended === undefined) refreshAncestor(process);
    return { pid: process.pid, comm: process.comm ?? '', argv: process.program.image?.argv ?? [] };
  }

  /** Events tell of all that is told of an ancestor, but for this: a program may write over its arguments. */
  function refreshAncestor(process: Tracked): void {
    const now = performance.now();
    const { comm, program, verifiedAt = process.read?.at ?? -Infinity } = process;
    if (comm === undefined || program.image === undefined) return void read(process);
    // what has begun just now may have begun another program, of which nothing has told yet
    const isYoung = Math.max(process.born, program.since ?? -Infinity) > now - ANCESTOR_MS;
    if (isYoung && !isUnchanged(process)) return void read(process);
    if (verifiedAt > now - ANCESTOR_MS) return;
    process.verifiedAt = now;
    if (!isSame(readArgv(proc, process.pid), program.image.argv)) read(process);
  }

  function put(process: Tracked, userName: UserName, image = process.program.image): ProcessInfo | undefined {
    const { pid, uid, read, parent, comm = '' } = process;
    if (uid === undefined) return undefined;
    const startTime = process.startTime ?? ticksAt(proc, process.born);
    const who = { pid, startTime, ppid: parent?.pid ?? 0, comm, uid: read?.uid ?? uid.real };
    const ancestors = [...forebears(process)].slice(0, MOST_ANCESTORS).map(ancestorOf);
    return describe(who, image ?? UNREAD, ancestors, userName);
  }

  function spend(process: Tracked): void {
    if (process.ended !== undefined || process.program.image) return;
    if (affordProgram(() => read(process))) return;
    onShed();
    affordCgroup(() => tellCgroup(process));
  }

  function tellCgroup({ pid }: Tracked): void {
    const cgroup = readCgroup(proc, pid);
    if (cgroup !== null) onCgroup(cgroup);
  }

  return {
    began(process) {
      if (begun.length === 0) setTimeout(() => begun.splice(0).forEach(spend), SETTLED_MS).unref();
      begun.push(process);
    },
    catch: spend,
    read,
    tell(process, userName) {
      if (process.ended !== undefined || !knowsUser(process)) return undefined;
      const isKnown = isFresh(process) && isUnchanged(process);
      return isKnown || read(process) ? put(process, userName) : undefined;
    },
    recall: (process, userName) => put(process, userName),
    recallAt(process, at, userName) {
      if (process.ended === undefined && knowsUser(process) && !isFresh(process)) read(process);
      return put(process, userName, imageAt(process, at) ?? UNREAD);
    },
  };
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word, at) => word === others[at]);
}

/** Undefined where it was not read. */
function imageAt({ program }: Tracked, at: number): Image | undefined {
  const { image, since, before } = program;
  if (since === undefined || since <= at) return image;
  return before && (before.since === undefined || before.since <= at) ? before.image : undefined;
}

/** A time on the clock of performance.now() as clock ticks after boot, to the tick or the one beside it. */
function ticksAt(proc: string, at: number): number {
  const bootMs = performance.now() - parseFloat(readFileSync(`${proc}/uptime`, 'latin1')) * 1000;
  return Math.floor((at - bootMs) / TICK_MS);
}
