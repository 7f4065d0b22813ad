import type { Sighting } from '../../events.js';
import { cellsOf, type Cells } from './cells.js';
import { openMinute, type Minute } from './minute.js';

/** Most rows that are kept; those seen least recently go. */
const MOST_ROWS = 1000;

/** One row of the table, as it was at a moment. */
export interface Row extends Cells {
  target: string;
  /** How many sightings it stands for. */
  count: number;
  /** How many of them came in the last minute. */
  perMinute: number;
  /** When the first and the last packet were seen, as in the event. */
  firstAt: string;
  lastAt: string;
  /** Whether more than one process, one after the other or at once, was seen. */
  isSeveral: boolean;
  /** The last. */
  sighting: Sighting;
}

/** Sightings go in, rows come out. */
export interface Rows {
  /** `now` is a monotonic clock, ms. */
  add(sighting: Sighting, now: number): void;
  /** All rows, the one seen least recently first. */
  all(now: number): Row[];
  /** How many rows were given up for newer ones. */
  gone(): number;
}

type Kept = Omit<Row, 'perMinute'> & { minute: Minute };

/** Opens an empty table. */
export function openRows(most = MOST_ROWS): Rows {
  // in the order in which they were seen last
  const rows = new Map<string, Kept>();
  let gone = 0;

  return {
    gone: () => gone,
    add(sighting, now) {
      const { target, at, count } = sighting;
      const cells = cellsOf(sighting);
      const before = rows.get(cells.key);
      const minute = before?.minute ?? openMinute();
      minute.add(count, now);
      rows.delete(cells.key);
      rows.set(cells.key, {
        ...cells,
        target,
        minute,
        sighting,
        count: (before?.count ?? 0) + count,
        firstAt: before?.firstAt ?? at,
        lastAt: at,
        isSeveral: before !== undefined && (before.isSeveral || before.process !== cells.process),
      });
      if (rows.size <= most) return;
      const [oldest] = rows.keys();
      rows.delete(oldest!);
      gone += 1;
    },
    all: now => [...rows.values()].map(({ minute, ...row }) => ({ ...row, perMinute: minute.total(now) })),
  };
}
