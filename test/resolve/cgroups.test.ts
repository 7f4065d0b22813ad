import { mkdirSync, mkdtempSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCgroups } from '../../src/resolve/cgroups.js';

let folder: string;
const idOf = (path: string): bigint => statSync(join(folder, 'a b', path), { bigint: true }).ino;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptrap-cgroups-'));
  mkdirSync(join(folder, 'a b/system.slice/cron.service'), { recursive: true });
  mkdirSync(join(folder, 'self'));
  const mounts = [
    '24 1 0:20 / /proc rw - proc proc rw',
    '30 24 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu',
    `31 24 0:27 / ${folder}/a\\040b rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate`,
  ];
  writeFileSync(join(folder, 'self/mountinfo'), mounts.join('\n') + '\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('openCgroups', () => {
  it('remembers one that it has learnt of and that is gone', async () => {
    const cgroups = openCgroups(folder);
    const path = 'system.slice/cron.service';
    const id = idOf(path);
    cgroups.learn(`/${path}`);
    cgroups.learn('/system.slice/never-was.service');
    await expect.poll(() => cgroups.pathOf(id)).toBe(`/${path}`);
    rmdirSync(join(folder, 'a b', path));
    expect(await cgroups.pathOf(id)).toBe(`/${path}`);
  });

  it('knows none where there is no cgroup of version 2', async () => {
    writeFileSync(join(folder, 'self/mountinfo'), '24 1 0:20 / /proc rw - proc proc rw\n');
    expect(await openCgroups(folder).pathOf(idOf('.'))).toBeUndefined();
  });
});
