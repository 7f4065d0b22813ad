import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** Where figures come from, in a line or two for the page. */
export interface MachineInfo {
  date: string;
  kernel: string;
  processors: string;
  memoryGib: number;
  /** What each tool says of its version. */
  versions: string[];
}

const QUESTIONS = [
  ['nft', '--version'],
  ['journalctl', '--version'],
  ['ss', '-V'],
  ['bpftrace', '--version'],
  ['perl', '-e', 'print "perl $^V"'],
] as const;

/** Asks this machine. */
export function machineInfo(): MachineInfo {
  const [processor] = cpus();
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    kernel: release(),
    processors: `${cpus().length} × ${processor?.model.trim()}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    versions: [`node ${process.version}`, ...QUESTIONS.map(([file, ...args]) => firstLine(file, args))],
  };
}

function firstLine(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0]!;
  } catch {
    return `no ${file}`;
  }
}
