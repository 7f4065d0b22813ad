import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKernelLog, startJournald, type KernelLog } from './kernel-log.js';

/** What a command left. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Where and how a child runs: `far` is the second namespace, `detached` a session of its own, without a terminal. */
export interface Placing {
  far?: boolean;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  detached?: boolean;
}

/**
 * A network namespace that lives as long as this object: lo is up, and `wan` (10.77.0.1/24, fd77::1/64) is a veth
 * whose other end, 10.77.0.2 and fd77::2, is in a second namespace. Its /run and /var/log/journal are its own, and so
 * is the journald that runs there: nothing else on the machine is seen or touched, but for a sysctl (openKernelLog).
 */
export interface Namespace extends AsyncDisposable {
  readonly kernelLog: KernelLog;
  /** A process in the second namespace. */
  readonly farPid: number;
  /** Starts journald; there is one already unless it was stopped. */
  startJournald(): Promise<void>;
  stopJournald(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** A child in the namespace, `far` in the second one. */
  spawn(file: string, args: readonly string[], options?: Placing): ChildProcess;
  /** Runs a bash script in the namespace to its end. */
  run(script: string): Promise<Outcome>;
  /** The same for a script that must succeed; gives its stdout. */
  must(script: string): Promise<string>;
  /** Everything that ptrap could have changed, as text. */
  snapshot(): Promise<string>;
}

const SET_UP = `
set -e
mount -t tmpfs -o mode=755 ptrap-test /run
[ ! -d /var/log/journal ] || mount -t tmpfs -o mode=755 ptrap-test /var/log/journal
ip link set lo up
ip link add wan type veth peer name far netns $FAR
ip addr add 10.77.0.1/24 dev wan
ip addr add fd77::1/64 dev wan nodad
ip link set wan up
nsenter -t $FAR -n sh -c '
  ip link set lo up
  ip addr add 10.77.0.2/24 dev far
  ip addr add fd77::2/64 dev far nodad
  ip link set far up'
`;

const SNAPSHOT = `
nft -j list ruleset
ip -j link
for object in qdisc class filter; do
  for device in lo wan; do echo $object $device; tc -j $object show dev $device; done
done
ls -A /run/ptrap 2>&1
find /run/log/journal /var/log/journal -name '*ptrap*'
`;

/** Opens the pair of namespaces. */
export async function openNamespace(): Promise<Namespace> {
  const kernelLog = await openKernelLog();
  const near = await holdNamespace();
  const far = await holdNamespace();
  const children = new Set([near, far]);
  let journald: ChildProcess | undefined;

  const namespace: Namespace = {
    kernelLog,
    farPid: far.pid!,
    async startJournald() {
      journald = await startJournald(namespace, `/proc/${near.pid}/root`);
    },
    async stopJournald(signal) {
      if (!journald) return;
      await stop(journald, signal);
      journald = undefined;
    },
    spawn(file, args, { far: isFar = false, env, cwd = process.cwd(), ...options } = {}) {
      const place = isFar ? ['-t', `${far.pid}`, '-n'] : ['-t', `${near.pid}`, '-n', '-m'];
      // entering a mount namespace leads to its root
      const child = spawn('nsenter', [...place, 'env', '-C', cwd, file, ...args], {
        ...options,
        env: { ...process.env, ...env },
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    async run(script) {
      const child = namespace.spawn('bash', ['-c', script]);
      return outcomeOf(child);
    },
    async must(script) {
      const { code, stdout, stderr } = await namespace.run(script);
      if (code !== 0) throw new Error(`exit code ${code} of: ${script}\n${stderr}`);
      return stdout;
    },
    snapshot: () => namespace.must(SNAPSHOT),
    async [Symbol.asyncDispose]() {
      for (const child of children) await stop(child, 'SIGKILL');
      await kernelLog[Symbol.asyncDispose]();
    },
  };
  await namespace.must(SET_UP.replaceAll('$FAR', `${far.pid}`));
  await namespace.startJournald();
  return namespace;
}

/** A sleeping process in a new network and mount namespace. */
async function holdNamespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', '--mount', 'sleep', 'infinity'], { stdio: 'ignore' });
  while (readlinkSync(`/proc/${child.pid}/exe`).endsWith('/unshare') || isOurs(child)) await sleep(5);
  return child;
}

function isOurs({ pid }: ChildProcess): boolean {
  return ['net', 'mnt'].some(
    kind => readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`),
  );
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** Waits for a child's end and collects what it printed. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
