import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openNamespace, outcomeOf, type Namespace, type Outcome } from '../test/netns/namespace.js';
import { TARGET } from './target.js';
import { SERVER_DELAY_MS, type Workload } from './workloads.js';

/** Where it is measured: a pair of network namespaces with a journald of their own, and the server in the far one. */
export interface Place extends AsyncDisposable {
  readonly namespace: Namespace;
  /** Runs a workload's senders to their end; gives a line for each. */
  send(workload: Workload): Promise<string[]>;
  /** Sends a packet every 50 ms until it is ended. */
  probe(): ChildProcess;
  /** One process that sends so many new flows a second to this port, and keeps so many sockets open. */
  flows(flows: Flows): Promise<{ sent: number; seconds: number }>;
  /** Fills the machine with 2,000 processes until it is disposed of. */
  crowd(): Promise<AsyncDisposable>;
}

/** New UDP flows from one process. */
export interface Flows {
  port: number;
  perSecond: number;
  seconds: number;
  keep: number;
}

const script = (file: string): string => fileURLToPath(new URL(`workload/${file}`, import.meta.url));

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
    namespace,
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
    async flows({ port, perSecond, seconds, keep }) {
      const sender = perl('flows.pl', [address, port, perSecond, seconds, keep]);
      const { stdout } = whole(await outcomeOf(sender), 'flows.pl');
      const [sent, took] = stdout.split(' ').map(Number);
      return { sent: sent!, seconds: took! };
    },
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

function whole(outcome: Outcome, what: string): Outcome {
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
