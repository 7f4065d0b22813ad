/** Work that is to be done whenever something has changed, but neither at every change nor twice at once. */
export interface Paced extends AsyncDisposable {
  /** Something has changed. */
  ring(): void;
}

/** How long what comes together is waited for, and how long the work rests in between, in ms. */
const WAIT_MS = { first: 20, between: 250 };

/** Opens work that rests; disposing of it waits until what is under way is done. */
export function openPaced(work: () => Promise<void>, fail: (error: unknown) => void): Paced {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isRung = false;
  let isClosed = false;

  function run(): void {
    timer = undefined;
    isRung = false;
    running = work().catch(fail).then(rest);
  }

  function rest(): void {
    running = undefined;
    timer = isClosed ? undefined : setTimeout(rested, WAIT_MS.between);
    timer?.unref();
  }

  function rested(): void {
    timer = undefined;
    if (isRung) run();
  }

  return {
    ring() {
      isRung = true;
      if (!isClosed && !running) timer ??= setTimeout(run, WAIT_MS.first);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
