import { styleText } from 'node:util';
import { localTime } from '../pretty.js';
import { detailLines } from './details.js';
import { fit, pad } from './fit.js';
import type { Row } from './rows.js';
import { columnNames, columns, type Column } from './sort.js';
import { positionOf, type View } from './view.js';

/** Of a terminal, in characters. */
export interface Size {
  columns: number;
  rows: number;
}

/** All that is to be seen. */
export interface Scene {
  /** What is watched, and how. */
  title: string;
  /** In their order. */
  rows: readonly Row[];
  /** How many rows are kept no longer. */
  gone: number;
  view: View;
  /** What was said last, the newest last. */
  notes: readonly string[];
  size: Size;
  colour: boolean;
}

const KEYS = 'q quit  p pause  up down enter details  sort: s next, n u t c r l by column';
const DETAIL_KEYS = 'q quit  p pause  up down scroll  enter back to the table';
/** Lines that notes may take, and how many the screen must have for that. */
const MOST_NOTES = 3;
const ROWS_FOR_NOTES = 12;

/** The scene as the lines of a screen, as many as it has rows. */
export function screenLines(scene: Scene): string[] {
  const { view, size, colour } = scene;
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const row = scene.rows[positionOf(view, scene.rows)];
  const isDetailed = view.isDetailed && row !== undefined;
  const notes = shownNotes(scene).map(note => paint('yellow', fit(note, size.columns)));
  const page = pageOf(scene);
  const body = isDetailed
    ? detailLines(row).slice(view.scrolled, view.scrolled + page)
    : tableLines(scene, page, paint);
  return [
    paint('dim', titleLine(scene, page)),
    isDetailed ? '' : paint('bold', headerLine(scene)),
    ...Array.from({ length: page }, (_, index) =>
      isDetailed ? fit(body[index] ?? '', size.columns) : (body[index] ?? ''),
    ),
    ...notes,
    paint('dim', fit(isDetailed ? DETAIL_KEYS : KEYS, size.columns)),
  ].slice(0, size.rows);
}

/** Lines between header and footer. */
export function pageOf(scene: Pick<Scene, 'size' | 'notes'>): number {
  return Math.max(1, scene.size.rows - 3 - shownNotes(scene).length);
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

function shownNotes({ notes, size }: Pick<Scene, 'size' | 'notes'>): readonly string[] {
  return size.rows < ROWS_FOR_NOTES ? [] : notes.slice(-MOST_NOTES);
}

/** What is watched on the left, what is shown of it on the right. */
function titleLine({ title, rows, gone, view, size }: Scene, page: number): string {
  const first = firstShown(view, rows, page);
  const last = Math.min(rows.length, first + page);
  const status = [
    ...(view.isPaused ? ['PAUSED'] : []),
    rows.length === 0 ? 'nothing seen yet' : `rows ${first + 1}-${last} of ${rows.length}`,
    ...(gone > 0 ? [`(${gone} older ones are gone)`] : []),
  ].join(' ');
  return fit(`${pad(title, size.columns - status.length - 1)} ${status}`, size.columns);
}

/** The row that is pointed at is always among those shown, in a page of whole rows. */
function firstShown(view: View, rows: readonly Row[], page: number): number {
  return Math.floor(positionOf(view, rows) / page) * page;
}

function headerLine(scene: Scene): string {
  const { column, isReversed } = scene.view.order;
  const arrow = columns[column].isDescending === isReversed ? '↑' : '↓';
  return line(scene, ' ', name => `${columns[name].title}${name === column ? arrow : ''}`);
}

function tableLines(scene: Scene, page: number, paint: Paint): string[] {
  const { rows, view } = scene;
  const first = firstShown(view, rows, page);
  const selected = positionOf(view, rows);
  return rows.slice(first, first + page).map((row, index) => {
    const isSelected = first + index === selected;
    const text = line(scene, isSelected ? '>' : ' ', name => cell(row, name));
    if (isSelected) return paint('inverse', text);
    return row.sighting.resolution.status === 'unresolved' ? paint('red', text) : text;
  });
}

function cell(row: Row, name: Column): string {
  if (name === 'process') return row.isSeveral ? `${row.process} …` : row.process;
  if (name === 'lastAt') return localTime(row.lastAt).slice(0, CLOCK);
  const value = row[name];
  return typeof value === 'number' && value >= 10 ** NUMBER ? compact.format(value) : String(value);
}

/** HH:MM:SS */
const CLOCK = 8;
const NUMBER = 6;
const LEAST_TEXT = 6;
/** 1234567 as 1.2M */
const compact = new Intl.NumberFormat('en', { notation: 'compact' });

function line(scene: Scene, mark: string, text: (name: Column) => string): string {
  const widths = widthsOf(scene);
  const cells = columnNames.map(name => {
    const isNumber = name === 'count' || name === 'perMinute';
    return pad(text(name), widths[name], isNumber ? 'left' : 'right');
  });
  return fit([mark, ...cells].join(' '), scene.size.columns);
}

/** A target takes what the longest one needs, two fifths at the most; process and unit share what is left. */
function widthsOf({ rows, size }: Scene): Record<Column, number> {
  const free = Math.max(3 * LEAST_TEXT, size.columns - 1 - columnNames.length - 2 * NUMBER - CLOCK);
  const longest = rows.reduce((most, { target }) => Math.max(most, target.length), LEAST_TEXT);
  const target = Math.min(longest, Math.floor(free * 0.4));
  const unit = Math.floor((free - target) * 0.45);
  const process = free - target - unit;
  return { process, unit, target, count: NUMBER, perMinute: NUMBER, lastAt: CLOCK };
}
