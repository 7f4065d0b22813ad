import { execa, execaSync, type Options, type ResultPromise } from 'execa';
import { failure } from '../errors.js';

/** Directories in which system tools are looked for. Root runs these, so the caller's PATH has no say. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';

/** Debian package that brings each tool. */
const packages: Record<string, string> = {
  ip: 'iproute2',
  tc: 'iproute2',
  modprobe: 'kmod',
  journalctl: 'systemd',
  setpriv: 'util-linux',
  getent: 'libc-bin',
};

/** Told of each command before it runs and of its answer after; `--verbose` prints them. */
export type Trace = (line: string) => void;

let trace: Trace = () => undefined;

/** Says one line to whoever listens with `traceCommands`: for what passes to and from a long-lived child. */
export function traceLine(line: string): void {
  trace(line);
}

/** Sends every command line and its answer to `listener` from now on. */
export function traceCommands(listener: Trace): void {
  trace = listener;
}

/** A command's end: exit code (null when a signal ended it) and both outputs, without the last newline. */
export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** nft writes a history file to HOME; answers must be in one language. */
const environment = { PATH: SYSTEM_PATH, LC_ALL: 'C', HOME: '/dev/null' };

/**
 * Runs a system tool to its end, without a shell. A failing command is an answer, not an exception.
 * @throws PTRAP_E_NFT_MISSING, PTRAP_E_TOOL_MISSING when the tool is not installed
 */
export async function ask(file: string, args: readonly string[], input?: string): Promise<Answer> {
  trace(`$ ${[file, ...args].join(' ')}`);
  const result = await execa(file, args, {
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: input === undefined ? 'ignore' : 'pipe',
    ...(input === undefined ? {} : { input }),
  });
  if (result.exitCode === undefined && ['ENOENT', 'EACCES'].includes(result.code ?? '')) throw missing(file);
  const answer = { code: result.exitCode ?? null, stdout: result.stdout, stderr: result.stderr };
  trace(`  = ${answer.code ?? 'signal'} ${answer.stderr}`.trimEnd());
  return answer;
}

/**
 * Runs a system tool that answers at once, and waits for it.
 * @throws PTRAP_E_TOOL_MISSING when the tool is not installed
 */
export function askNow(file: string, args: readonly string[]): Answer {
  trace(`$ ${[file, ...args].join(' ')}`);
  const { exitCode, stdout, stderr } = execaSync(file, args, {
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  if (exitCode === undefined) throw missing(file);
  trace(`  = ${exitCode} ${stderr}`.trimEnd());
  return { code: exitCode, stdout, stderr };
}

/**
 * Runs a system tool that must succeed and gives its stdout.
 * @throws PTRAP_E_COMMAND when it fails, PTRAP_E_TOOL_MISSING when it is not installed
 */
export async function must(file: string, args: readonly string[]): Promise<string> {
  const answer = await ask(file, args);
  if (answer.code !== 0) {
    throw failure('PTRAP_E_COMMAND', [file, ...args].join(' '), answer.stderr || `exit code ${answer.code}`);
  }
  return answer.stdout;
}

/** A long-lived child with piped stdin, stdout and stderr. */
export type Child = ResultPromise<typeof longLived>;

const longLived = {
  extendEnv: false,
  reject: false,
  buffer: false,
  detached: true,
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
} as const satisfies Options;

/** Starts a child in a session of its own, so that Ctrl-C reaches ptrap alone. Its failure is a value, never thrown. */
export function start(file: string, args: readonly string[]): Child {
  trace(`$ ${[file, ...args].join(' ')} &`);
  return execa(file, args, { ...longLived, env: environment }) as Child;
}

/** What a child has beside its stderr. */
export interface ChildPipes {
  stdout: 'pipe' | 'inherit';
  /** Another pipe to it, its descriptor 3 and the fourth of `stdio`. */
  control?: boolean;
  /** Open descriptors of ours that it has, too, from its descriptor 4 on. */
  shared?: readonly number[];
}

/** The same for a child whose stdin is an open descriptor of ours. */
export function startOn(
  stdin: number,
  { stdout, control = false, shared = [] }: ChildPipes,
  file: string,
  args: readonly string[],
): Omit<Child, 'stdin'> {
  trace(`$ ${[file, ...args].join(' ')} <&${stdin} &`);
  const { stdin: _stdin, stdout: _stdout, stderr, ...rest } = longLived;
  const stdio = [stdin, stdout, stderr, ...(control ? ['pipe'] : []), ...shared];
  return execa(file, args, { ...rest, stdio, env: environment } as unknown as Options) as unknown as Child;
}

/** Our ends of the pipes to a child. */
export function descriptorsOf({ stdin, stdout, stderr }: Child): number[] {
  // node has no public name for it
  return [stdin, stdout, stderr].map(pipe => (pipe as unknown as { _handle: { fd: number } })._handle.fd);
}

/** The error that says which tool is missing and which package brings it. */
export function missing(file: string): Error {
  return file === 'nft'
    ? failure('PTRAP_E_NFT_MISSING')
    : failure('PTRAP_E_TOOL_MISSING', file, packages[file] ?? file);
}
