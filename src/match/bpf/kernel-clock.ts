import { readFileSync } from 'node:fs';

/** /proc/uptime is cut to so many ms: clocks that differ by hardly more are the same. */
const UPTIME_MS = 10;
const SAME_MS = 5 * UPTIME_MS;
/** What is older than this when it comes, in ms, makes it likely that the machine has slept meanwhile. */
const OLD_MS = 10_000;

/**
 * Tells a time of the kernel's, in ms, on the clock of performance.now(), or up to 10 ms later. Which of the kernel's
 * clocks bpftrace shows depends on its version: that of them which goes on while the machine sleeps, or the other.
 */
export function openKernelClock(): (kernelMs: number) => number {
  let slept = sleptMs();
  const agesOf = (kernelMs: number): number[] => {
    const age = Number(process.hrtime.bigint()) / 1e6 - kernelMs;
    return slept === 0 ? [age] : [age, age + slept - UPTIME_MS];
  };
  return kernelMs => {
    let age = smallest(agesOf(kernelMs));
    if (age > OLD_MS) {
      slept = sleptMs();
      age = smallest(agesOf(kernelMs));
    }
    return performance.now() - Math.max(0, age);
  };
}

function smallest(ages: readonly number[]): number {
  return ages.reduce((best, age) => (Math.abs(age) < Math.abs(best) ? age : best));
}

function sleptMs(): number {
  const uptime = parseFloat(readFileSync('/proc/uptime', 'latin1')) * 1000;
  const difference = uptime - Number(process.hrtime.bigint()) / 1e6;
  return Math.abs(difference) < SAME_MS ? 0 : difference;
}
