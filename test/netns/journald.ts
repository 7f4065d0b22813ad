import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** A journald that runs, and a kernel that logs packets of namespaces other than the first. */
export interface Journald extends AsyncDisposable {
  /** Whether we started it, and may stop it: the machine's own is not ours. */
  readonly isOurs: boolean;
  /** Ends it by a signal. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
  /** Whether the kernel logs packets of other namespaces than the first. */
  logOtherNamespaces(on: boolean): Promise<void>;
}

/**
 * Sees to it that journald runs, and that the kernel logs packets of namespaces other than the first; disposing of it
 * puts both back as they were.
 */
export async function openJournald(): Promise<Journald> {
  const sysctl = await readFile(SYSCTL, 'utf8');
  const isOurs = !(await isListening());
  const before = MADE.filter(existsSync);
  let child: ChildProcess | undefined;
  const journald: Journald = {
    isOurs,
    async start() {
      child = await startJournald();
    },
    async stop(signal) {
      if (!child) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      child = undefined;
      await exit;
    },
    logOtherNamespaces: on => writeFile(SYSCTL, on ? '1' : '0'),
    async [Symbol.asyncDispose]() {
      await journald.stop('SIGTERM');
      await writeFile(SYSCTL, sysctl);
      if (!isOurs) return;
      await rm(CONFIG, { force: true });
      for (const path of MADE.filter(path => !before.includes(path)))
        await rm(path, { recursive: true, force: true });
    },
  };
  await journald.logOtherNamespaces(true);
  if (isOurs) await journald.start();
  return journald;
}

async function startJournald(): Promise<ChildProcess> {
  await mkdir('/run/systemd/journal', { recursive: true });
  await mkdir('/run/systemd/journald.conf.d', { recursive: true });
  // Audit= leaves kernel auditing as it is: turned on, it would fill the kernel log
  await writeFile(CONFIG, '[Journal]\nStorage=volatile\nAudit=\n');
  const child = spawn('/lib/systemd/systemd-journald', [], { stdio: 'ignore', detached: true });
  while (!(await isListening())) await sleep(20);
  return child;
}

function isListening(): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(SOCKET);
    const answer = (listening: boolean) => () => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}
