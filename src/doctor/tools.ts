import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { ask, SYSTEM_PATH } from '../sys/exec.js';
import type { Facts } from './facts.js';

/** Every tool that ptrap may call, and how it tells its version. */
const tools = {
  nft: ['--version'],
  ip: ['-V'],
  tc: ['-V'],
  journalctl: ['--version'],
  modprobe: ['--version'],
  setpriv: ['--version'],
  bpftrace: ['--version'],
} as const;

export type ToolName = keyof typeof tools;

/** Which tools are there, where ptrap looks for them, and in which version. */
export async function findTools(): Promise<Facts['tools']> {
  const found = await Promise.all(
    Object.entries(tools).map(async ([name, args]) => [name, await versionOf(name, args)] as const),
  );
  return Object.fromEntries(found) as Facts['tools'];
}

async function versionOf(tool: string, args: readonly string[]): Promise<{ version: string } | null> {
  if ((await pathOf(tool)) === undefined) return null;
  const { stdout, stderr } = await ask(tool, args).catch(() => ({ stdout: '', stderr: '' }));
  return { version: readVersion(`${stdout}\n${stderr}`) };
}

/** The first number of a version with at least one dot; of what has none, the first number. */
export function readVersion(text: string): string {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\d+/.exec(text))?.[0] ?? '';
}

/** Where a program is that root would run by its name. */
export async function pathOf(tool: string): Promise<string | undefined> {
  for (const folder of SYSTEM_PATH.split(':')) {
    const path = `${folder}/${tool}`;
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
