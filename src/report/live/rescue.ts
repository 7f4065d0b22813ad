import { once } from 'node:events';
import { ask, start } from '../../sys/exec.js';

/** A child that outlives ptrap for a moment, when ptrap is killed, and makes its terminal usable again. */
export interface Rescue {
  /** Tells it that there is nothing to do; it ends. */
  dismiss(): void;
}

/** The modes are left alone where the user's shell has set its own already: none works without `isig`. */
const WAIT = `trap "" HUP INT TERM; cd /; exec 2>/dev/null; read -r word && exit
case "$(stty -F "$1" -a)" in *-isig*) stty -F "$1" "$2" ;; esac
printf %s "$3" >"$1"`;

/**
 * Remembers the modes of a terminal as they are now, and starts the child.
 * @param terminal the path of its device
 * @param sequence what is written to it when ptrap has gone
 * @returns undefined where it cannot be helped: its device has no name here
 */
export async function openRescue(terminal: string, sequence: string): Promise<Rescue | undefined> {
  const { code, stdout: modes } = await ask('stty', ['-F', terminal, '-g']);
  if (code !== 0) return undefined;
  const child = start('sh', ['-c', WAIT, 'ptrap-rescue', terminal, modes, sequence]);
  await once(child, 'spawn');
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) {
    (pipe as { unref?(): void }).unref?.();
    pipe.on('error', () => undefined); // killed: it rescues nothing any more
  }
  return { dismiss: () => void child.stdin.end('done\n') };
}
