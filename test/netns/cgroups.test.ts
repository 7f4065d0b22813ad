import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCgroups } from '../../src/resolve/cgroups.js';

const SLICE = `ptrap-test-${process.pid}.slice`;
let folder: string;
let root: string;
const idOf = (path: string): bigint => statSync(join(root, path), { bigint: true }).ino;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptrap-cgroups-'));
  root = join(folder, 'a b');
  mkdirSync(root);
  execFileSync('mount', ['-n', '-t', 'cgroup2', 'none', root]);
  mkdirSync(join(root, SLICE));
  mkdirSync(join(root, SLICE, 'cron.service'));
  mkdirSync(join(folder, 'self'));
  symlinkSync('/proc/self/fd', join(folder, 'self/fd'));
  const mount = `31 24 0:27 / ${folder}/a\\040b rw,nosuid shared:10 - cgroup2 none rw,nsdelegate`;
  writeFileSync(join(folder, 'self/mountinfo'), `${mount}\n`);
});
afterEach(() => {
  rmSync(join(folder, 'self'), { recursive: true });
  rmdirSync(join(root, SLICE, 'cron.service'));
  rmdirSync(join(root, SLICE));
  execFileSync('umount', ['-n', root]);
  rmdirSync(root);
  rmdirSync(folder);
});

describe('openCgroups', () => {
  it('asks the kernel for the path of an id', async () => {
    const cgroups = openCgroups(folder);
    expect(await cgroups.pathOf(idOf(`${SLICE}/cron.service`))).toBe(`/${SLICE}/cron.service`);
    expect(await cgroups.pathOf(idOf('.'))).toBe('/');
  });

  it('knows none of an id that no cgroup has any more, or ever had', async () => {
    mkdirSync(join(root, SLICE, 'gone.service'));
    const gone = idOf(`${SLICE}/gone.service`);
    rmdirSync(join(root, SLICE, 'gone.service'));
    const cgroups = openCgroups(folder);
    expect(await cgroups.pathOf(gone)).toBeUndefined();
    expect(await cgroups.pathOf(gone + 1_000_000n)).toBeUndefined();
  });

  it('remembers one that it was asked for and that is gone', async () => {
    const cgroups = openCgroups(folder);
    mkdirSync(join(root, SLICE, 'gone.service'));
    const gone = idOf(`${SLICE}/gone.service`);
    expect(await cgroups.pathOf(gone)).toBe(`/${SLICE}/gone.service`);
    rmdirSync(join(root, SLICE, 'gone.service'));
    expect(await cgroups.pathOf(gone)).toBe(`/${SLICE}/gone.service`);
  });

  it('knows none outside of the part of the tree that is mounted', async () => {
    const part = join(folder, 'part');
    mkdirSync(part);
    execFileSync('mount', ['-n', '--bind', join(root, SLICE, 'cron.service'), part]);
    const mount = `31 24 0:27 /${SLICE}/cron.service ${part} rw - cgroup2 none rw`;
    writeFileSync(join(folder, 'self/mountinfo'), `${mount}\n`);
    try {
      const cgroups = openCgroups(folder);
      expect(await cgroups.pathOf(idOf(`${SLICE}/cron.service`))).toBe('/');
      expect(await cgroups.pathOf(idOf(SLICE))).toBeUndefined();
    } finally {
      execFileSync('umount', ['-n', part]);
      rmdirSync(part);
    }
  });
});
