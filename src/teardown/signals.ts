import { openSync, closeSync } from 'node:fs';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `stop` on SIGINT, SIGTERM and SIGHUP. SIGHUP ends ptrap when its terminal closes; without a terminal, and
 * where a plugin listens for it (a logger that reopens its file), it is that plugin's alone.
 */
export function onEndingSignal(stop: (signal: NodeJS.Signals) => void): Disposable {
  // looked at now: after a hangup there is none any more
  const terminal = hasTerminal();
  const listener = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && process.listenerCount('SIGHUP') > 1 && !terminal) return;
    stop(signal);
  };
  for (const signal of ENDING) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of ENDING) process.off(signal, listener);
    },
  };
}

/** Whether there is a controlling terminal: /dev/tty opens only then (tty(4)). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
