import stringWidth from 'string-width';
import { cut } from '../tree.js';

/** What one place of a terminal may hold: a letter and the marks on it. */
const MOST_MARKS = 4;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Text that takes at most `width` columns of a terminal: a wide character takes two, a mark none. An ellipsis tells that
 * it was cut.
 */
export function fit(text: string, width: number): string {
  if (width < 1) return '';
  const short = cut(text, width * MOST_MARKS);
  if (stringWidth(short) <= width) return short;
  let shown = '';
  let room = width - 1;
  for (const { segment } of graphemes.segment(short)) {
    room -= stringWidth(segment);
    if (room < 0) break;
    shown += segment;
  }
  return `${shown}…`;
}

/** The same, filled up with spaces to exactly that width. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const shown = fit(text, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(shown)));
  return side === 'left' ? space + shown : shown + space;
}
