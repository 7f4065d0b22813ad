import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Shell } from './shell.js';

/** Most output that is kept, in bytes. */
const MAX_OUTPUT = 65_536;

/** How long output may still come once the command has ended, in ms: something it left behind may hold the pipe. */
const LINGER = 200;

/** A command's end. */
export interface Run {
  /** Both outputs as they came, without the last newline. */
  output: string;
  /** How it ended, where that was not well: `exit code 3`, `signal SIGKILL`. */
  ending: string | undefined;
}

/** What is to be run: a script for sh, its arguments, and what it reads from stdin, if anything. */
export interface Command {
  script: string;
  args: readonly string[];
  input?: string;
}

/** The user's own command line with `pid` as its last argument. */
export function commandLine(text: string, pid: number): Command {
  // one pipe for both outputs keeps their order; a line of its own, so that syntax errors come that way too
  return { script: `exec 2>&1\n${text} "$@"`, args: [String(pid)] };
}

/** A program with its arguments: nothing of them is text for the shell. */
export function program(words: readonly string[], input: string): Command {
  return { script: 'exec "$@" 2>&1', args: words, input };
}

/**
 * Runs a command in a process group of its own that is killed when `signal` aborts. Rejects when the shell cannot be
 * started.
 */
export async function runCommand(
  { words: [file, ...words], environment: own, cwd }: Shell,
  { script, args, input }: Command,
  environment: Record<string, string>,
  signal: AbortSignal,
): Promise<Run> {
  const child = spawn(file, [...words, '-c', script, 'sh', ...args], {
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
    env: { ...own, ...environment },
    cwd,
  });
  child.stdin?.on('error', () => undefined); // it may end without having read
  child.stdin?.end(input);
  const output = collect(child);
  const kill = () => killGroup(child);
  signal.addEventListener('abort', kill, { once: true });
  let linger: NodeJS.Timeout | undefined;
  child.once('exit', () => (linger = setTimeout(() => child.stdout?.destroy(), LINGER)));
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    const ending = killedBy ? `signal ${killedBy}` : code === 0 ? undefined : `exit code ${code}`;
    return { output: output(), ending };
  } finally {
    clearTimeout(linger);
    signal.removeEventListener('abort', kill);
  }
}

/** Gathers a child's output and goes on reading beyond the limit, so that the child is not held up. */
function collect({ stdout }: ChildProcess): () => string {
  const pieces: Buffer[] = [];
  let kept = 0;
  let total = 0;
  stdout?.on('data', (piece: Buffer) => {
    const part = piece.subarray(0, MAX_OUTPUT - kept);
    pieces.push(part);
    kept += part.length;
    total += piece.length;
  });
  return () => {
    const text = Buffer.concat(pieces).toString().replace(/\n$/, '');
    return total > kept ? `${text}\n… ${total - kept} bytes more` : text;
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ESRCH', 'EPERM'].includes(code)) throw error; // it has just ended, or become another user's
  }
}
