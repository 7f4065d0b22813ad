import type { Teardown } from '../teardown/stack.js';

/** How often is looked, in ms. */
const LOOK_MS = 5_000;

/**
 * Tells when a count of packets is no longer 0, as soon as that is seen and once more at the end, when it is told as it is then.
 * @param count rejects where there is nothing to be counted any more
 */
export function watchShortage(
  teardown: Teardown,
  count: () => Promise<number>,
  tell: (packets: number) => void,
): void {
  let told = 0;
  const look = (packets: number): void => {
    if (packets > told) tell(packets);
    told = packets;
  };
  const lookOnce = (packets: number): void => {
    if (told === 0) look(packets);
  };
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => void count().then(lookOnce, stop), LOOK_MS).unref();
  teardown.defer(async () => {
    stop();
    await count().then(look, stop);
  });
}
