import type { Child } from '../sys/exec.js';

/** An overrun is told this often, in ms. */
const TELL_EVERY_MS = 10_000;

/** Says that packets were lost, at the start of a burst and then only now and then. Whatever the child writes to its stderr means that. */
export function tellOverruns({ stderr }: Pick<Child, 'stderr'>, say: (line: string) => void): void {
  let toldAt = -Infinity;
  stderr.on('data', () => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    say('packets come faster than they are read: those missed are counted as lost');
  });
}
