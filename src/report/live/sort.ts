import type { Row } from './rows.js';

/** The columns, from left to right: the key that sorts by each, and which end comes first. */
export const columns = {
  process: { title: 'PROCESS', key: 'n', isDescending: false },
  unit: { title: 'UNIT', key: 'u', isDescending: false },
  target: { title: 'TARGET', key: 't', isDescending: false },
  count: { title: 'COUNT', key: 'c', isDescending: true },
  perMinute: { title: '/MIN', key: 'r', isDescending: true },
  lastAt: { title: 'SEEN', key: 'l', isDescending: true },
} as const;

export type Column = keyof typeof columns;

/** What rows are sorted by. */
export interface Order {
  column: Column;
  isReversed: boolean;
}

/** The columns' names, from left to right. */
export const columnNames = Object.keys(columns) as Column[];

/** Sorted; of two that are equal in that column the one seen last comes first. */
export function sorted(rows: readonly Row[], { column, isReversed }: Order): Row[] {
  const sign = columns[column].isDescending === isReversed ? 1 : -1;
  return [...rows].sort(
    (one, other) => sign * compare(one[column], other[column]) || compare(other.lastAt, one.lastAt),
  );
}

function compare<Value extends string | number>(one: Value, other: Value): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
