import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Whoever is to go on when ptrap has ended. With the pid the start time identifies a process (proc(5), field 22). */
export interface Stopped {
  pid: number;
  startTime: number;
}

/** A child that outlives ptrap for a moment and lets go on what was stopped, whatever ended ptrap. */
export interface Guard {
  /** Notes a process, before it is stopped. */
  note(process: Stopped): void;
  /** Lets all go on that were noted; settles when they do. */
  release(): Promise<void>;
}

/**
 * Its stdin ends when ptrap does, also by SIGKILL. A process is looked at once more then: its pid may be another's. What
 * follows the last `) ` of a stat line is the state, field 3, and all after it; a name may hold anything.
 */
const SCRIPT = `
trap "" HUP INT TERM
set -f
cd /
all=
while read -r one; do all="$all $one"; done
for one in $all; do
  pid=\${one%:*}
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
  set -- \${stat##*) }
  [ "\${20}" = "\${one#*:}" ] && kill -CONT "$pid"
done
exit 0`;

/** How often another one is started where somebody kills it. */
const TRIES = 3;

/** Starts it; rejects when there is no shell. */
export async function openGuard(): Promise<Guard> {
  const noted: Stopped[] = [];
  let child = start();
  await once(child, 'spawn');

  /** The guard, or another one where somebody has killed it. */
  const alive = (): ChildProcess => {
    if (child.exitCode === null && child.signalCode === null) return child;
    child = start();
    noted.forEach(write);
    return child;
  };
  const write = ({ pid, startTime }: Stopped): void => void child.stdin!.write(`${pid}:${startTime}\n`);

  return {
    note(process) {
      alive();
      noted.push(process);
      write(process);
    },
    async release() {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const last = alive();
        const ended = once(last, 'exit') as Promise<[number | null]>;
        last.stdin!.end();
        const [code] = await ended;
        if (code === 0) return;
      }
    },
  };
}

/** In a session of its own, so that Ctrl-C does not reach it; ptrap does not wait for it. */
function start(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'ptrap-freeze'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  });
  child.stdin.on('error', () => undefined); // killed: the next use starts another
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}
