import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Namespace, Placing } from './namespace.js';
import { SLOWER } from './slower.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CLI = 'dist/src/cli.js';

/** How a program ended. */
export interface ProgramEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The built program, running. */
export interface Program {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Looks now and whenever something was printed, until there is something; rejects when the program ends first. */
  when<Found>(look: () => Found | undefined): Promise<Found>;
  /** Waits until a stream has a match. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end, or only waits. */
  end(signal?: NodeJS.Signals): Promise<ProgramEnd>;
}

/** How a program is started. */
export interface StartOptions extends Omit<Placing, 'far'> {
  /** Shell commands that come before it, in a mount namespace of its own. */
  prepare?: string;
  /** As the user nobody, without any capability, wherever the checkout lies. */
  asNobody?: boolean;
}

/** How long something that is waited for may take, in ms. */
const PATIENCE_MS = 30_000 * SLOWER;

/** Starts the built program with these arguments in the namespace. */
export function startProgram(
  namespace: Namespace,
  args: readonly string[],
  { prepare = '', asNobody = false, ...placing }: StartOptions = {},
): Program {
  const before = asNobody ? SHOW_TO_NOBODY + prepare : prepare;
  const [file = '', ...rest] = [
    ...(before && ['unshare', '--mount', 'sh', '-ec', `${before}\nexec "$@"`, 'sh']),
    ...(asNobody ? NOBODY : [process.execPath, REPOSITORY + CLI]),
    ...args,
  ];
  const child = namespace.spawn(file, rest, placing);
  const text = { stdout: '', stderr: '' };
  const lookers = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (piece: string) => {
      text[stream] += piece;
      for (const look of [...lookers]) look();
    });
  }
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = closed.then(([code, signal]): ProgramEnd => ({ code, signal, ...text }));

  const program: Program = {
    pid: child.pid!,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    when: look =>
      new Promise((resolve, reject) => {
        const giveUp = (why: string): void => {
          lookers.delete(again);
          reject(new Error(`${why}\n${text.stdout}\n${text.stderr}`));
        };
        const timer = setTimeout(giveUp, PATIENCE_MS, 'not seen in time');
        const again = (): void => {
          const found = look();
          if (found === undefined) return;
          clearTimeout(timer);
          lookers.delete(again);
          resolve(found);
        };
        lookers.add(again);
        again();
        ended.then(({ code }) => giveUp(`it ended with ${code}`), reject);
      }),
    until: (stream, pattern) => program.when(() => pattern.exec(text[stream]) ?? undefined),
    kill: signal => void child.kill(signal),
    end(signal) {
      if (signal) child.kill(signal);
      return ended;
    },
  };
  return program;
}

const NOBODY = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
  '/mnt/node',
  `/mnt/ptrap/${CLI}`,
];

/** The checkout and node may lie in a folder of root's. */
const SHOW_TO_NOBODY = `
  mount -t tmpfs -o mode=755 ptrap-test /mnt
  mkdir /mnt/ptrap
  touch /mnt/node
  mount --bind '${REPOSITORY}' /mnt/ptrap
  mount --bind '${process.execPath}' /mnt/node
`;
