import type { Row } from './rows.js';
import { columnNames, columns, type Column, type Order } from './sort.js';

/** What the person at the terminal chose to see. */
export interface View {
  order: Order;
  /** The key of the row that is pointed at; undefined: the first, whichever that is. */
  selected: string | undefined;
  /** Whether the details of that row are shown in place of the table. */
  isDetailed: boolean;
  /** The first line of the details that is shown. */
  scrolled: number;
  isPaused: boolean;
}

/** What is on the screen, as far as keys need to know. */
export interface Shown {
  /** In their order. */
  rows: readonly Row[];
  /** Lines between header and footer. */
  page: number;
  /** Lines of the details. */
  details: number;
}

/** How it begins: what was seen most comes first. */
export const firstView: View = {
  order: { column: 'count', isReversed: false },
  selected: undefined,
  isDetailed: false,
  scrolled: 0,
  isPaused: false,
};

/** The view after a key was pressed, by node's name of that key (`readline`). An unknown key changes nothing. */
export function pressed(view: View, key: string, shown: Shown): View {
  if (key === 'p') return { ...view, isPaused: !view.isPaused };
  const step = stepOf(key, shown.page);
  if (view.isDetailed) {
    if (['return', 'enter', 'space', 'escape', 'left', 'backspace'].includes(key)) {
      return { ...view, isDetailed: false };
    }
    const last = Math.max(0, shown.details - shown.page);
    return { ...view, scrolled: within(view.scrolled + step, last) };
  }
  if (step !== 0) return moved(view, step, shown.rows);
  if (['return', 'enter', 'space', 'right'].includes(key)) {
    const row = shown.rows[positionOf(view, shown.rows)];
    return row ? { ...view, selected: row.key, isDetailed: true, scrolled: 0 } : view;
  }
  const column = key === 's' ? after(view.order.column) : columnNames.find(name => columns[name].key === key);
  return column ? { ...view, order: ordered(view.order, column) } : view;
}

/** Where the row that is pointed at stands; 0 where it is gone. */
export function positionOf({ selected }: View, rows: readonly Row[]): number {
  return Math.max(
    0,
    rows.findIndex(({ key }) => key === selected),
  );
}

function stepOf(key: string, page: number): number {
  const steps: Record<string, number> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -page,
    pagedown: page,
    home: -Infinity,
    end: Infinity,
  };
  return steps[key] ?? 0;
}

/** At the top, it is the top that is pointed at, whatever comes to stand there. */
function moved(view: View, step: number, rows: readonly Row[]): View {
  const position = within(positionOf(view, rows) + step, rows.length - 1);
  return { ...view, selected: position === 0 ? undefined : rows[position]?.key };
}

function within(position: number, last: number): number {
  return Math.max(0, Math.min(position, last));
}

function after(column: Column): Column {
  return columnNames[(columnNames.indexOf(column) + 1) % columnNames.length]!;
}

/** The same column once more turns the order around. */
function ordered(before: Order, column: Column): Order {
  return { column, isReversed: column === before.column && !before.isReversed };
}
