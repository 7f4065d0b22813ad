/**
 * Makes of something slow one that any number may ask for: each is answered by a run that began after its call, those
 * who wait share the next, and no two go on at once. A run that fails fails for those who shared it.
 * @param run what is slow
 * @param rest waits before a run for as long as that is to wait: who asks meanwhile shares it. Default: not at all
 */
export function shareRuns(
  run: () => Promise<void>,
  rest: () => Promise<unknown> = () => Promise.resolve(),
): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function begin(): Promise<void> {
    await rest();
    next = undefined;
    await run();
  }

  return () => {
    next ??= last.then(begin);
    last = next.catch(() => undefined);
    return next;
  };
}
