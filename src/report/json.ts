import type { Event } from '../events.js';

/** One line of `--output json`. JSON escapes control characters itself; C1 controls and DEL are escaped here. */
export function jsonLine(event: Event): string {
  const json = JSON.stringify(event).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${json}\n`;
}
