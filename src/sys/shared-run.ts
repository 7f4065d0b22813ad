/**
 * Makes of something slow one that any number may ask for: each is answered by a run that began after its call, those
 * who wait share the next, and no two go on at once. A run that fails fails for those who shared it.
 */
export function shareRuns(run: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    next = undefined;
    return run();
  }

  return () => {
    next ??= last.then(begin);
    last = next.catch(() => undefined);
    return next;
  };
}
