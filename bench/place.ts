import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openNamespace, outcomeOf, type Outcome } from '../test/netns/namespace.js';
import { TARGET } from './target.js';
import { SERVER_DELAY_MS, type Workload } from './workloads.js';

/** What a tool is started in. */
export interface Ground {
  spawn(file: string, args: readonly string[], options: { detached: true }): ChildProcess;
}

/** Where it is measured: a pair of network namespaces with a journald of their own, and the server in the far one. */
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
  const perl = (file: string, args: readonly (string | number)[], far = false): ChildProcess =>
    namespace.spawn('perl', [script(file), ...args.map(String)], { far, detached: true });

  const server = perl('server.pl', [address, port, SERVER_DELAY_MS], true);
  await heard(server, 'listening');
  return {
    spawn: namespace.spawn,
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
    [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose](),
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
