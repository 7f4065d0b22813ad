import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises';

/** What a tool and its children cost: kept by the kernel, in a control group of the tool's own. */
export interface Account extends AsyncDisposable {
  /** Puts a process, and whatever it starts from now on, on the account. */
  add(pid: number): void;
  /** CPU time so far, of those that have ended too, in s. */
  cpuSeconds(): number;
  /** The most memory that its processes had at one time, in KiB: the sum of their VmHWM, looked at five times a second. */
  peakKib(): number;
  /** What they have now: the sum of their VmRSS, in KiB. */
  residentKib(): number;
}

const SAMPLE_MS = 200;

/** Opens an account in a cgroup2 hierarchy that is mounted for it: cpu.stat needs no controller. */
export function openAccount(): Account {
  const mount = mkdtempSync(join(tmpdir(), 'ptrap-bench-cgroup-'));
  execFileSync('mount', ['-t', 'cgroup2', 'none', mount]);
  const group = join(mount, basename(mount));
  mkdirSync(group);
  const abort = new AbortController();
  let peak = 0;
  const pids = (): string[] => readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').slice(0, -1);
  const sum = (field: MemoryField): number => pids().reduce((kib, pid) => kib + memoryKib(pid, field), 0);
  const look = (): void => {
    peak = Math.max(peak, sum('VmHWM'));
  };
  const sampling = sample(look, abort.signal);
  return {
    add: pid => writeFileSync(join(group, 'cgroup.procs'), `${pid}`),
    cpuSeconds() {
      const [, usec] = /^usage_usec (\d+)/.exec(readFileSync(join(group, 'cpu.stat'), 'utf8')) ?? [];
      return Number(usec) / 1e6;
    },
    peakKib() {
      look();
      return peak;
    },
    residentKib: () => sum('VmRSS'),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await sampling;
      writeFileSync(join(group, 'cgroup.kill'), '1');
      while (!tryRemove(group)) await sleep(20);
      execFileSync('umount', [mount]);
      rmdirSync(mount);
    },
  };
}

/** False while it is busy: a process that was killed is in its group until it is reaped, though no longer listed there. */
function tryRemove(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

async function sample(look: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of every(SAMPLE_MS, undefined, { signal })) look();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What a process has had at most, and has now. */
type MemoryField = 'VmHWM' | 'VmRSS';

/** A line of /proc/<pid>/status, in KiB; 0 for a process that has ended. */
export function memoryKib(pid: number | string, field: MemoryField): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
