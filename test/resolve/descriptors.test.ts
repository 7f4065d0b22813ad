import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  countDescriptors,
  eachDescriptor,
  openDescriptors,
  socketUnder,
} from '../../src/resolve/descriptors.js';
import { readSocketTable } from '../../src/resolve/proc-net.js';

/** The way to a process's folder that was open when it ended: what is looked for in it is refused with ESRCH. */
const proc = '/proc/self/fd';
let folder: number;

beforeEach(async () => {
  const child = spawn('sleep', ['1000']);
  folder = openSync(`/proc/${child.pid}`, 'r');
  child.kill('SIGKILL');
  await once(child, 'exit');
});
afterEach(() => closeSync(folder));

describe('a process that ends while it is looked at', () => {
  it('is one of which the kernel says ESRCH', () => {
    expect(() => statSync(`${proc}/${folder}/fd`, { throwIfNoEntry: false })).toThrow('ESRCH');
  });

  it('holds no sockets', () => {
    expect(socketUnder(proc, folder, '3')).toBeUndefined();
    expect(countDescriptors(proc, folder)).toBe(0);
    expect([...eachDescriptor(proc, folder)]).toEqual([]);
    const search = openDescriptors(proc).search(1, performance.now());
    expect(search.find(folder)).toBeUndefined();
    expect(search.holds(folder, '3')).toBe(false);
  });

  it('shows no tables of sockets', () => {
    expect(readSocketTable(`${proc}/${folder}`, 'raw')).toEqual([]);
  });
});
