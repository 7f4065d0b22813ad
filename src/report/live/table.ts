import type { Sighting } from '../../events.js';
import { detailLines } from './details.js';
import { openRows, type Row } from './rows.js';
import { pageOf, screenLines, type Scene, type Size } from './screen.js';
import { sorted } from './sort.js';
import { firstView, positionOf, pressed } from './view.js';

/** Notes that are remembered for the screen. */
const MOST_NOTES = 3;

/** The table and what the person chose to see of it. Times are of a monotonic clock, in ms. */
export interface Table {
  add(sighting: Sighting, now: number): void;
  /** Shows a line of text, which is harmless, below the table. */
  note(line: string): void;
  /** Takes a key, by node's name of it. */
  press(key: string, size: Size, now: number): void;
  /** The lines of the screen. */
  lines(size: Size, colour: boolean, now: number): string[];
  /** Whether it will look otherwise later though nothing is seen: a rate goes down. */
  isAging(now: number): boolean;
}

/** Opens an empty table under a title. */
export function openTable(title: string): Table {
  const kept = openRows();
  const notes: string[] = [];
  let view = firstView;
  /** What is shown while it is paused. */
  let frozen: { rows: Row[]; gone: number } | undefined;

  function scene(size: Size, colour: boolean, now: number): Scene {
    const { rows, gone } = frozen ?? { rows: kept.all(now), gone: kept.gone() };
    return { title, rows: sorted(rows, view.order), gone, view, notes, size, colour };
  }

  return {
    add: kept.add,
    note(line) {
      notes.push(line);
      if (notes.length > MOST_NOTES) notes.shift();
    },
    press(key, size, now) {
      const { rows } = scene(size, false, now);
      const row = view.isDetailed ? rows[positionOf(view, rows)] : undefined;
      const details = row ? detailLines(row).length : 0;
      view = pressed(view, key, { rows, details, page: pageOf({ size, notes }) });
      if (view.isPaused) frozen ??= { rows: kept.all(now), gone: kept.gone() };
      else frozen = undefined;
    },
    lines: (size, colour, now) => screenLines(scene(size, colour, now)),
    isAging: now => frozen === undefined && kept.all(now).some(({ perMinute }) => perMinute > 0),
  };
}
