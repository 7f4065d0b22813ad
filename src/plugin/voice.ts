import { streak, type Guard } from './guard.js';

/** Most that a plugin may say in a second, in characters; what is beyond is not said. */
const MAX_PER_SECOND = 1_048_576;

/**
 * A plugin's way to say something through `say`. It falls silent when the plugin is disabled. A plugin that
 * floods is cut off for the rest of the second and reported once; some such seconds in a row disable it.
 * @param now a monotonic clock, ms
 */
export function createVoice(
  guard: Guard,
  channel: 'print' | 'log',
  say: (text: string) => void,
  now: () => number,
): (text: string) => void {
  const row = streak();
  let second = { start: now(), said: 0, flooded: false };
  const turn = (start: number) => {
    if (!second.flooded || start - second.start >= 2000) row.failures = 0;
    second = { start, said: 0, flooded: false };
  };

  return given => {
    const text = String(given); // a plugin may be plain JavaScript
    if (guard.disabled.aborted) return;
    const at = now();
    if (at - second.start >= 1000) turn(at);
    second.said += text.length;
    if (second.said <= MAX_PER_SECOND) return say(text);
    if (second.flooded) return;
    second.flooded = true;
    guard.fail(channel, 'overflow', `more than ${MAX_PER_SECOND} characters a second, cut off`, row);
  };
}
