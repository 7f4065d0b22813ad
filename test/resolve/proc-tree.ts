import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A process of a made-up /proc. */
export interface FakeProcess {
  ppid?: number;
  comm?: string;
  startTime?: number;
  /** Where its stack begins. */
  stack?: number;
  /** Number of a descriptor → inode of the socket behind it. */
  sockets?: Record<number, number>;
  children?: number[];
  files?: Record<string, string>;
  links?: Record<string, string>;
}

/** The rest of a recorded stat line; fields 5 to 21, 23 to 27, and from 29 on. */
const STAT = [
  '1 1 0 -1 4194560 1187 0 0 0 7 3 0 0 20 0 1 0',
  '8957952 912 18446744073709551615 1 1',
  '0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0',
];

/** Writes a small /proc to a folder that goes with the test. */
export function openProcTree(processes: Record<number, FakeProcess>, uptime = 10_000): { proc: string } {
  const proc = mkdtempSync(join(tmpdir(), 'ptrap-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true, force: true }));
  writeFileSync(join(proc, 'uptime'), `${uptime}.00 1.00\n`);
  mkdirSync(join(proc, 'sys'));
  for (const [pid, process] of Object.entries(processes)) writeProcess(join(proc, pid), Number(pid), process);
  return { proc };
}

function writeProcess(folder: string, pid: number, process: FakeProcess): void {
  const {
    ppid = 0,
    comm = 'a',
    startTime = 100,
    stack = 140_732_556_414_256,
    sockets = {},
    children = [],
    files = {},
    links = {},
  } = process;
  for (const part of ['fd', 'ns', `task/${pid}`]) mkdirSync(join(folder, part), { recursive: true });
  symlinkSync('/dev/null', join(folder, 'fd/1'));
  for (const [fd, inode] of Object.entries(sockets)) symlinkSync(`socket:[${inode}]`, join(folder, 'fd', fd));
  writeFileSync(join(folder, `task/${pid}/children`), children.map(child => `${child} `).join(''));
  const stat = `${pid} (${comm}) S ${ppid} ${STAT[0]} ${startTime} ${STAT[1]} ${stack} ${STAT[2]}\n`;
  const all = { stat, status: 'Name:\ta\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n', ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name));
}
