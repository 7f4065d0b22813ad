import type { Event } from '../events.js';

/** What JSON leaves as it is and a terminal may obey: DEL, C1 controls, separators, and what reorders or hides text. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line of `--output json`, and of a log: the same values, with all such characters escaped. */
export function jsonLine(event: Event): string {
  return `${JSON.stringify(event).replace(UNSAFE, escaped)}\n`;
}

function escaped(character: string): string {
  return character
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
