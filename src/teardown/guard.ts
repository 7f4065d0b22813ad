import { once } from 'node:events';
import { missing, start } from '../sys/exec.js';
import { ownProgram } from '../sys/own-program.js';

/** A child that outlives ptrap for a moment, when ptrap is killed, and takes away what it left. */
export interface Guard {
  /** Tells it that nothing is left to take away; it ends. */
  dismiss(): void;
}

/** It waits in a shell, a tenth of what a node takes. A word says that all is well, end-of-file that ptrap is gone. */
const WAIT = 'trap "" HUP INT TERM; cd /; exec >/dev/null 2>&1; read -r word && exit; exec "$@"';

/**
 * Starts the guard of an instance. When ptrap ends, by whatever means, without having dismissed it, it does at once
 * what `ptrap cleanup` would. When it is killed itself, the next start or `ptrap cleanup` does.
 */
export async function openGuard(instance: string): Promise<Guard> {
  const child = start('sh', ['-c', WAIT, 'ptrap-guard', process.execPath, ...ownProgram('guard'), instance]);
  await once(child, 'spawn').catch(() => {
    throw missing('sh');
  });
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) {
    (pipe as { unref?(): void }).unref?.();
    pipe.on('error', () => undefined); // killed: it guards nothing any more
  }
  return { dismiss: () => void child.stdin.end('done\n') };
}
