import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { processTree } from 'ptrap/plugins';
import { childrenOf } from '../../plugins/process-tree/proc.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessInfo } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null) continue;
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
  }
});

/** A shell with two sleeping children, as the resolver would describe it. */
async function shellWithChildren(): Promise<ProcessInfo> {
  const script = 'sleep 71 & sleep 72 & echo begun; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  await expect.poll(() => namesOfChildren(pid)).toEqual(['sleep', 'sleep']);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startTime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const ancestors = [{ pid: process.pid, comm: 'node', argv: ['node'] }];
  return { ...dig, pid, ppid: process.pid, startTime, comm: 'sh', argv: ['sh'], ancestors };
}

/** What the children run: a fork has its parent's name until it has called exec. */
async function namesOfChildren(pid: number): Promise<string[]> {
  const pids = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  return Promise.all(pids.map(async child => (await readFile(`/proc/${child}/comm`, 'utf8')).trim()));
}

interface Note {
  tree: string[];
  children: number;
}

async function noteOf(options: Parameters<typeof processTree>[0], ...processes: ProcessInfo[]) {
  const { host, failures } = await open(processTree(options));
  const { notes } = await host.enrich(sightingOf(1, ...processes));
  expect(failures).toEqual([]);
  return notes['process-tree'] as Note | undefined;
}

describe('process-tree', () => {
  it('notes ancestors, siblings and children of a living process', async () => {
    const [first, second] = [await shellWithChildren(), await shellWithChildren()];
    const note = await noteOf({}, second);
    expect(note?.children).toBe(2);
    expect(note?.tree[0]).toMatch(/^node\[\d+\]$/);
    expect(note?.tree.filter(line => line.startsWith(`├─ sh[${first.pid}]`))).toHaveLength(1);
    expect(note?.tree).toContain(`└▶ sh[${second.pid}]`);
    expect(
      note?.tree
        .slice(-2)
        .map(line => line.replace(/\d+\]/, ']'))
        .sort(),
    ).toEqual(['   └─ sleep[] sleep 71', '   ├─ sleep[] sleep 72']);
  });

  it('reads only the beginning of a command line of megabytes', async () => {
    const long = Array<string>(12).fill('A'.repeat(131_000));
    const child = spawn('sh', ['-c', 'echo begun; read -r line', ...long], { detached: true });
    started.push(child);
    await once(child.stdout, 'data');
    const { shown } = await childrenOf(process.pid, 100);
    const argv = shown.find(({ pid }) => pid === child.pid)?.argv ?? [];
    expect(argv.slice(0, 2)).toEqual(['sh', '-c']);
    expect(argv.join('\0').length).toBeLessThanOrEqual(4096);
  });

  it('shows only as many as asked for, and counts all', async () => {
    const note = await noteOf({ most: 1 }, await shellWithChildren());
    expect(note?.children).toBe(2);
    expect(note?.tree.at(-1)).toMatch(/^ {3}└─ sleep\[\d+\] sleep 72$/);
    expect(note?.tree.at(-2)).toMatch(/^└▶ sh/);
  });

  it('does not take the relatives of a later process with the same pid', async () => {
    const process = await shellWithChildren();
    const note = await noteOf({}, { ...process, startTime: process.startTime - 1 });
    expect(note).toEqual({ tree: [expect.stringMatching(/^node/), `└─ sh[${process.pid}]`], children: 0 });
  });

  it('notes the ancestors of a process that is gone, and nothing where none is known', async () => {
    const gone = { ...dig, pid: 4_194_304, ppid: 4_194_305 };
    expect((await noteOf({}, gone))?.tree).toHaveLength(3);
    expect(await noteOf({})).toBeUndefined();
  });
});
