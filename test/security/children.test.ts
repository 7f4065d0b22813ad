import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, start, SYSTEM_PATH } from '../../src/sys/exec.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-children-'));
  vi.stubEnv('PATH', folder);
  vi.stubEnv('BASH_ENV', join(folder, 'rc'));
  vi.stubEnv('LD_LIBRARY_PATH', folder);
  vi.stubEnv('NODE_OPTIONS', '--throw-deprecation');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function fake(tool: string): Promise<void> {
  await writeFile(join(folder, tool), '#!/bin/sh\necho another\n');
  await chmod(join(folder, tool), 0o755);
}

async function outputOf(child: ReturnType<typeof start>): Promise<string> {
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await once(child, 'close');
  return text.trim();
}

describe('what ptrap runs', () => {
  it("is the system's, whatever PATH says", async () => {
    await fake('id');
    expect((await ask('id', ['-u'])).stdout).toMatch(/^\d+$/);
    expect(await outputOf(start('id', ['-u']))).toMatch(/^\d+$/);
  });

  it('is not there where only PATH has it', async () => {
    await fake('ptrap-no-such-tool');
    await expect(ask('ptrap-no-such-tool', [])).rejects.toThrow('PTRAP_E_TOOL_MISSING');
  });

  it("is given none of the caller's environment", async () => {
    const expected = ['HOME=/dev/null', 'LC_ALL=C', `PATH=${SYSTEM_PATH}`];
    expect((await ask('env', [])).stdout.split('\n').sort()).toEqual(expected);
    expect((await outputOf(start('env', []))).split('\n').sort()).toEqual(expected);
  });

  it('takes arguments as they are', async () => {
    const args = ['$(id)', '`id`', '; id', "a'b", 'a"b', 'a\nb', '*', '', '\u001b[2J'];
    expect((await ask('printf', ['%s|', ...args])).stdout).toBe(args.map(arg => `${arg}|`).join(''));
  });
});
