import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { readProcFile } from './proc-file.js';

/** The fields of /proc/<pid>/stat that matter here. */
export interface Stat {
  comm: string;
  ppid: number;
  /** Clock ticks after boot; with the pid it identifies the process. */
  startTime: number;
  /** Where its stack begins: another place after each exec (randomize_va_space). 0 for the dead, for kernel threads, and for who may not know. */
  stack: number;
}

/** Clock ticks a second in /proc (USER_HZ: 100 on every machine that npm `netlink` has binaries for). */
const TICKS = 100;
/** How far the clocks of `at` and of startTime (10 ms ticks) may disagree. */
const SLACK_MS = 100;

/** Parses /proc/<pid>/stat (proc(5)); comm may hold anything, a `)` too. */
export function parseStat(text: string): Stat | undefined {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' '); // from field 3 on
  const [ppid, startTime] = [Number(fields[1]), Number(fields[19])];
  if (open < 0 || close < open || !Number.isInteger(ppid) || !Number.isInteger(startTime)) return undefined;
  return { comm: text.slice(open + 1, close), ppid, startTime, stack: Number(fields[25] ?? 0) };
}

/** Undefined when there is no such process (any more). */
export function readStat(proc: string, pid: number): Stat | undefined {
  const stat = readProcFile(`${proc}/${pid}/stat`);
  return stat === undefined ? undefined : parseStat(stat);
}

/** What tells a program from the next one of the same process; undefined where it was not read. */
type ProgramMark = { [Field in 'startTime' | 'comm' | 'stack']: Stat[Field] | undefined };

/** Whether a process that was `before` this runs the same program, by its name where no more can be told. */
export function runsTheSame(before: ProgramMark, now: Stat): boolean {
  if (before.startTime !== now.startTime) return false;
  return before.stack === 0 || now.stack === 0 ? before.comm === now.comm : before.stack === now.stack;
}

/** What lies at a path of a process under /proc; undefined where there is nothing, or the process ends meanwhile. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false }); // says no without the cost of an exception
  } catch (error) {
    if (isOfTheDead(error)) return undefined;
    throw error;
  }
}

/**
 * Whether a path under /proc could not be read because its process ended meanwhile: ESRCH where that was between two
 * steps of the way (fs/proc/base.c, proc_pid_permission), ENXIO where its network namespace went, too.
 */
export function isOfTheDead(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether that process, told from later ones of its pid by its start time, still runs: one that nobody has reaped does not. */
export function isRunning(proc: string, pid: number, startTime: number): boolean {
  const text = readProcFile(`${proc}/${pid}/stat`) ?? '';
  return parseStat(text)?.startTime === startTime && !/^.{2}[ZX]/s.test(text.slice(text.lastIndexOf(')')));
}

/**
 * A test of a start time (ticks after boot): whether that process was there when a packet was seen `at` (ISO 8601).
 * One from the future shows a clock that is not the kernel's (lxcfs shows a container its own uptime): it passes.
 */
export function presentAt(proc: string, at: string): (startTime: number) => boolean {
  const uptimeMs = parseFloat(readFileSync(`${proc}/uptime`, 'latin1')) * 1000;
  // no packet is from the future: the wall clock has just been set back
  const ageMs = Math.max(0, Date.now() - Date.parse(at));
  const ticks = (ms: number) => ((ms + SLACK_MS) * TICKS) / 1000;
  return startTime => !(startTime > ticks(uptimeMs - ageMs)) || startTime > ticks(uptimeMs);
}
