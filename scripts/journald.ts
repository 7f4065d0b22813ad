import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from '../src/sys/listening.js';

const SOCKET = '/run/systemd/journal/stdout';
const CONFIG = '/run/systemd/journald.conf.d/ptrap-test.conf';
const SYSCTL = '/proc/sys/net/netfilter/nf_log_all_netns';
/** What a journald that we start makes; removed again where it was not there before. */
const MADE = [
  '/run/systemd/journal',
  '/run/log/journal',
  '/run/systemd/journald.conf.d',
  '/run/systemd',
  '/dev/log',
];

/**
 * Sees to it that journald runs, and that the kernel logs packets of namespaces other than the first; disposing of it
 * puts both back as they were.
 */
export async function openJournald(): Promise<AsyncDisposable> {
  const sysctl = await readFile(SYSCTL, 'utf8');
  await writeFile(SYSCTL, '1');
  const stop = (await isListening(SOCKET)) ? () => Promise.resolve() : await startJournald();
  return {
    async [Symbol.asyncDispose]() {
      await stop();
      await writeFile(SYSCTL, sysctl);
    },
  };
}

async function startJournald(): Promise<() => Promise<void>> {
  const before = MADE.filter(existsSync);
  await mkdir('/run/systemd/journal', { recursive: true });
  await mkdir('/run/systemd/journald.conf.d', { recursive: true });
  // Audit= leaves kernel auditing as it is: turned on, it would fill the kernel log
  await writeFile(CONFIG, '[Journal]\nStorage=volatile\nAudit=\n');
  const child = spawn('/lib/systemd/systemd-journald', [], { stdio: 'ignore', detached: true });
  while (!(await isListening(SOCKET))) await sleep(20);
  return async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await rm(CONFIG, { force: true });
    for (const path of MADE.filter(path => !before.includes(path)))
      await rm(path, { recursive: true, force: true });
  };
}
