import { once } from 'node:events';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openJournald } from '../scripts/journald.js';
import { openNamespace, outcomeOf, type Outcome } from '../test/netns/namespace.js';
import { TARGET } from './target.js';
import { SERVER_DELAY_MS, type Workload } from './workloads.js';

/** What a tool is started in. */
export interface Ground {
  spawn(file: string, args: readonly string[], options: { detached: true }): ChildProcess;
}

/** Where it is measured, with a journald and a server. */
export interface Place extends Ground, AsyncDisposable {
  /** Runs a workload's senders to their end; gives a line for each. */
  send(workload: Workload): Promise<string[]>;
  /** Sends a packet every 50 ms until it is ended. */
  probe(): ChildProcess;
  /** Fills the machine with 2,000 processes until it is disposed of. */
  crowd(): Promise<AsyncDisposable>;
}

/** A script of bench/workload. */
export const script = (file: string): string => fileURLToPath(new URL(`workload/${file}`, import.meta.url));

const { address, port, from } = TARGET;

/** A sysfs that shows the namespace's own devices; tracing is mounted below it for bpftrace. */
const SYSFS = `
mount -t sysfs sysfs /sys
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug`;

/** Opens the namespaces and starts the server. */
export async function openPlace(): Promise<Place> {
  const namespace = await openNamespace();
  await namespace.must(SYSFS);
  const far: Ground = {
    spawn: (file, args, options) => namespace.spawn(file, args, { ...options, far: true }),
  };
  return placeOf(namespace, far, async () => {
    await namespace[Symbol.asyncDispose]();
  });
}

/** The machine itself, as ptrap is mostly used: lo has both addresses until the end. */
export async function openHome(): Promise<Place> {
  const journald = await openJournald();
  const addresses = (what: 'add' | 'del'): void =>
    [address, from].forEach(one => execFileSync('ip', ['addr', what, `${one}/32`, 'dev', 'lo']));
  addresses('add');
  const started = new Set<ChildProcess>();
  const here: Ground = {
    spawn(file, args, options) {
      const child = spawn(file, args, options);
      started.add(child);
      return child;
    },
  };
  return placeOf(here, here, async () => {
    for (const child of started) child.kill();
    addresses('del');
    await journald[Symbol.asyncDispose]();
  });
}

/** A place with its server: the senders and the tool are near, the server is far. */
async function placeOf(near: Ground, far: Ground, dispose: () => Promise<void>): Promise<Place> {
  const perl = (file: string, args: readonly (string | number)[], { spawn } = near): ChildProcess =>
    spawn('perl', [script(file), ...args.map(String)], { detached: true });

  await heard(perl('server.pl', [address, port, SERVER_DELAY_MS], far), 'listening');
  return {
    spawn: near.spawn,
    async send({ protocol, until, delayMs, count, gapMs, with: company }) {
      const senders = perl('senders.pl', [
        `to=${address}:${port}`,
        `from=${from}`,
        `protocol=${protocol}`,
        `until=${until}`,
        `delay=${delayMs}`,
        `count=${count}`,
        `gap=${gapMs}`,
        `with=${company}`,
      ]);
      const { stdout } = whole(await outcomeOf(senders), 'senders.pl');
      return stdout.split('\n').slice(0, -1);
    },
    probe: () => perl('prober.pl', [address, port]),
    async crowd() {
      const crowd = perl('crowd.pl', [2000, 40]);
      await heard(crowd, 'here');
      return {
        async [Symbol.asyncDispose]() {
          const gone = once(crowd, 'exit');
          crowd.stdin!.end();
          await gone;
        },
      };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** What a program that must succeed left. */
export function whole(outcome: Outcome, what: string): Outcome {
  if (outcome.code !== 0) throw new Error(`${what} ended with ${outcome.code}: ${outcome.stderr}`);
  return outcome;
}

/** Waits for a child's first line. */
async function heard(child: ChildProcess, line: string): Promise<void> {
  let errors = '';
  child.stderr!.on('data', text => (errors += String(text)));
  const first = once(child.stdout!, 'data').then(([text]) => String(text));
  const ended = once(child, 'exit').then(() => '');
  if (!(await Promise.race([first, ended])).startsWith(line)) throw new Error(`not ${line}: ${errors}`);
}
