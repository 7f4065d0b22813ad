import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../errors.js';
import { SYSTEM_PATH } from '../sys/exec.js';
import { findNetns } from './find.js';

const OWN = '/proc/self/ns/net';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether this process is in the network namespace that `path` leads to. */
export function isInside(path: string): boolean {
  const [there, here] = [statSync(path), statSync(OWN)];
  return there.ino === here.ino && there.dev === here.dev;
}

/**
 * For who cannot be run again elsewhere: checks that it is in that network namespace already.
 * @throws PTRAP_E_NETNS, PTRAP_E_NETNS_ENTRY
 */
export async function requireInside(netns: string): Promise<void> {
  const path = await findNetns(netns);
  if (!isInside(path)) throw failure('PTRAP_E_NETNS_ENTRY', netns, path);
}

/**
 * Runs this very command line again in another network namespace, to its end, and gives its exit code. Nothing else
 * than the network is another there: /proc, /run and the files are the same. It is in a session of its own and gets
 * the signals from here, so that a Ctrl-C reaches it once.
 * @throws PTRAP_E_TOOL_MISSING without nsenter
 */
export async function runInside(path: string): Promise<number> {
  const nsenter = SYSTEM_PATH.split(':')
    .map(folder => join(folder, 'nsenter'))
    .find(file => existsSync(file));
  if (nsenter === undefined) throw failure('PTRAP_E_TOOL_MISSING', 'nsenter', 'util-linux');
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(nsenter, [`--net=${path}`, ...again], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** For the one inside: ends as by SIGTERM when the one outside has been killed. */
export function endWithOutside(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
