import { readFileSync } from 'node:fs';

/** What proc(5) says of a process in its stat file. */
export interface Stat {
  /** `R`, `S`, …; `T` is stopped, `t` by a debugger. */
  state: string;
  ppid: number;
  startTime: number;
  isKernelThread: boolean;
}

/** linux/sched.h */
const PF_KTHREAD = 0x0020_0000;

/** Read at once, so that nothing comes between it and a signal; undefined when the process is gone. */
export function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // it has ended
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0]!,
    ppid: Number(fields[1]),
    isKernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    startTime: Number(fields[19]),
  };
}

/** A process, the one that started it, and so on up to PID 1. */
export function lineOf(pid: number): number[] {
  const line: number[] = [];
  for (
    let at: number | undefined = pid;
    at !== undefined && at > 0 && !line.includes(at);
    at = statOf(at)?.ppid
  ) {
    line.push(at);
  }
  return line;
}
