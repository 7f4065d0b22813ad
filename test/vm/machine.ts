import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobs, type Job, type JobTable } from './jobs.js';
import { startQemu } from './qemu.js';

/** What a command in the guest left; code is null when a signal ended it. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running guest: Debian's kernel, systemd as PID 1, journald, this machine's files under a throw-away layer. */
export interface Machine extends AsyncDisposable {
  /** Kernel release, such as 6.1.0-56-amd64. */
  readonly release: string;
  /** From the start of qemu to the first command it could take. */
  readonly bootMs: number;
  /** What the serial console has printed so far. */
  console(): string;
  /** Starts a bash script (working directory: the checkout) and comes back at once. */
  start(script: string): Job;
  /** Runs a bash script to its end. Whatever it leaves in the background must not keep its stdout or stderr open. */
  run(script: string, options?: { timeoutMs?: number }): Promise<CommandResult>;
  /** The same for a script that must succeed; gives its stdout. */
  must(script: string, options?: { timeoutMs?: number }): Promise<string>;
}

/**
 * Boots a guest, about 15 s; one serves many tests. Nothing in it outlives it, nothing of the host can be changed in it.
 * It ends with `await using`, or with the process that booted it.
 * @throws when scripts/vm/prepare.sh has not been run, or the guest's end of the console when it does not come up
 */
export async function bootMachine({ timeoutMs = 180_000 } = {}): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'ptrap-vm-'));
  const started = Date.now();
  let output = '';
  let qemu: ChildProcess | undefined;
  const dispose = async () => {
    await powerOff(qemu);
    await rm(folder, { recursive: true });
  };
  try {
    const { connection } = await listen(join(folder, 'agent'));
    qemu = startQemu(join(folder, 'agent'));
    const read = (text: Buffer) => (output += text.toString());
    qemu.stdout?.on('data', read);
    qemu.stderr?.on('data', read);
    const table = jobs(await earliest(connection, qemu, timeoutMs));
    const release = await earliest(table.ready, qemu, timeoutMs);
    return {
      ...commands(table),
      release,
      bootMs: Date.now() - started,
      console: () => output,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw new Error(`The test machine did not boot: ${String(error)}\n${output.slice(-4000)}`, {
      cause: error,
    });
  }
}

/** What is run by way of such a table. */
export function commands(table: JobTable): Pick<Machine, 'start' | 'run' | 'must'> {
  const run: Machine['run'] = (script, { timeoutMs = 60_000 } = {}) => table.start(script).end(timeoutMs);
  return {
    start: script => table.start(script),
    run,
    async must(script, options) {
      const { code, stdout, stderr } = await run(script, options);
      if (code !== 0) throw new Error(`exit code ${code} of: ${script}\n${stderr}${stdout}`);
      return stdout;
    },
  };
}

/** A server for qemu to connect to, so that the port is open before the guest is. The promise inside is the connection. */
async function listen(path: string): Promise<{ connection: Promise<Socket> }> {
  const server = createServer();
  const connection = new Promise<Socket>(resolve => server.once('connection', resolve));
  await new Promise<void>(resolve => server.listen(path, resolve));
  return { connection: connection.finally(() => server.close()) };
}

/** `promise`, unless qemu ends or the time is over first. */
async function earliest<T>(promise: Promise<T>, qemu: ChildProcess, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing heard for ${timeoutMs} ms`)), timeoutMs);
    qemu.once('error', reject);
    qemu.once('exit', code => reject(new Error(`qemu ended with ${code}`)));
  });
  return Promise.race([promise, end]).finally(() => clearTimeout(timer));
}

/** Pulls the plug: all the guest's writes are in its memory. */
async function powerOff(qemu: ChildProcess | undefined): Promise<void> {
  if (qemu?.pid === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
  const gone = new Promise(resolve => qemu.once('exit', resolve));
  qemu.kill('SIGKILL');
  await gone;
}
