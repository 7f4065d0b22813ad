import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLogger } from 'ptrap/plugins';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

/** Needs root: a file system of 64 KiB that really becomes full. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'ptrap-test', folder]);
});
afterEach(async () => {
  execFileSync('umount', [folder]);
  await rmdir(folder);
});

describe('json-logger on a full disk', () => {
  it('finishes the line it had begun once there is room, and says how many were lost', async () => {
    const file = join(folder, 'log.ndjson');
    const filler = join(folder, 'filler');
    await writeFile(filler, Buffer.alloc(40_960)); // leaves six pages of 4 KiB, or less
    const { host, failures, logged } = await open(jsonLogger({ file }));
    const long = { ...dig, argv: ['dig', 'x'.repeat(3000)] };
    const dispatch = openDispatch(host.sinks);
    for (let number = 1; number <= 20; number++) dispatch.deliver(sightingOf(number, long));
    await expect.poll(() => failures).toHaveLength(1);
    expect(failures[0]?.message).toContain('ENOSPC');
    await new Promise(resolve => setTimeout(resolve, 100));
    const torn = await readFile(file, 'utf8');
    expect(torn.endsWith('\n')).toBe(false);

    await rm(filler);
    dispatch.deliver(sightingOf(21, dig));
    await dispatch.drain(1000);
    await host[Symbol.asyncDispose]();

    const text = await readFile(file, 'utf8');
    const ids = text
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { id: string }).id);
    expect(ids.at(-1)).toBe('k3v9qa-21');
    const lost = 21 - ids.length;
    expect(lost).toBeGreaterThan(5);
    expect(logged).toEqual([`json-logger: ${lost} lines not written to ${file}; it can be written again`]);
    expect(failures).toHaveLength(1);
  });
});
