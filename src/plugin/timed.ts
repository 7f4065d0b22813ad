/** How a piece of a plugin's work ended. */
export type Outcome<Value> =
  | { kind: 'ended'; value: Value }
  | { kind: 'threw'; error: unknown }
  | { kind: 'timeout' }
  | { kind: 'aborted' };

/**
 * Runs `body` with its own timeout (ms) and AbortSignal, and says how it ended; never rejects, not even
 * when the body throws at once. It does not wait for a body that ignores its signal. The run's controller
 * is in `running` for as long as it goes on, so that others may abort it.
 */
export async function timed<Value>(
  body: (signal: AbortSignal) => Value | PromiseLike<Value>,
  timeoutMs: number,
  running: Set<AbortController>,
): Promise<Outcome<Value>> {
  const controller = new AbortController();
  const { signal } = controller;
  running.add(controller);
  const timer = setTimeout(timeOut, timeoutMs, controller);
  const cut = new Promise<Outcome<Value>>(resolve => {
    signal.addEventListener('abort', () => resolve({ kind: isTimeout(signal) ? 'timeout' : 'aborted' }));
  });
  try {
    return await Promise.race([cut, settle(() => body(signal))]);
  } finally {
    clearTimeout(timer);
    running.delete(controller);
  }
}

/** Ends a run as if its time were over. */
export function timeOut(controller: AbortController): void {
  controller.abort(new DOMException('timed out', 'TimeoutError'));
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

async function settle<Value>(body: () => Value | PromiseLike<Value>): Promise<Outcome<Value>> {
  try {
    return { kind: 'ended', value: await body() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}
