import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { fit, pad } from '../../src/report/live/fit.js';
import { openLater } from '../../src/report/live/later.js';
import { openMinute } from '../../src/report/live/minute.js';
import { openRows } from '../../src/report/live/rows.js';
import { openTable } from '../../src/report/live/table.js';
import { dig, sightingOf } from '../fixtures/report/events.js';

const SIZE = { columns: 80, rows: 10 };
const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString();

/** The nth second's sighting of a process that is like dig but for this. */
function seen(second: number, more: Partial<ProcessInfo> = {}, other: Partial<Sighting> = {}): Sighting {
  return { ...sightingOf(second, { ...dig, ...more }), at: at(second), ...other };
}
const program = (name: string, pid: number): Partial<ProcessInfo> => ({
  comm: name,
  exe: `/usr/bin/${name}`,
  pid,
});

/** A table of three programs: a is seen 5 times, b 9 times at once, and c last. */
function tableOfThree() {
  const table = openTable('ptrap: watching');
  for (let second = 0; second < 5; second++) table.add(seen(second, program('a', 1)), second * 1000);
  table.add(seen(6, program('b', 2), { count: 9 }), 6000);
  table.add(seen(7, program('c', 3)), 7000);
  let now = 8000;
  return {
    table,
    press: (...keys: string[]) => keys.forEach(key => table.press(key, SIZE, now)),
    /** The rows' marks and names. */
    rows: () =>
      table
        .lines(SIZE, false, now)
        .flatMap(line => /^[> ] \w(?=\[\d)/.exec(line)?.[0].replaceAll(' ', '') ?? []),
    lines: () => table.lines(SIZE, false, now).map(line => line.trimEnd()),
    pass: (ms: number) => void (now += ms),
    add: (sighting: Sighting) => table.add(sighting, now),
  };
}

describe('a rate', () => {
  it('is what came in the last minute, and goes down by itself', () => {
    const minute = openMinute();
    minute.add(3, 1000);
    minute.add(1, 30_000);
    expect([30_000, 59_000, 60_000, 89_000, 90_000].map(now => minute.total(now))).toEqual([4, 4, 1, 1, 0]);
    minute.add(2, 10_000_000);
    expect(minute.total(10_000_000)).toBe(2);
  });
});

describe('rows', () => {
  it('are one for each program, unit, user and target, with the last process of several', () => {
    const rows = openRows();
    rows.add(seen(1), 0);
    rows.add(seen(2, { pid: 992, startTime: 7 }, { count: 4 }), 0);
    rows.add(seen(3, { unit: 'other.service' }), 0);
    rows.add(seen(4, { uid: 0 }), 0);
    rows.add(seen(5, {}, { target: '10.0.0.1:1/udp' }), 0);
    const [first, ...others] = rows.all(0);
    expect(first).toMatchObject({ process: 'dig[992]', isSeveral: true, count: 5, perMinute: 5 });
    expect(first).toMatchObject({ firstAt: at(1), lastAt: at(2), unit: 'cron.service' });
    expect(others.map(({ count, isSeveral }) => [count, isSeveral])).toEqual([
      [1, false],
      [1, false],
      [1, false],
    ]);
  });

  it('tell a container by its short id, and of whom no process is known', () => {
    const rows = openRows();
    rows.add(seen(1, { container: 'ab'.repeat(32), runtime: 'docker' }), 0);
    const unresolved = { status: 'unresolved', reason: 'exited', latencyMs: 1 } as const;
    rows.add(seen(2, {}, { resolution: unresolved }), 0);
    expect(rows.all(0).map(({ process, unit }) => [process, unit])).toEqual([
      ['dig[991]', 'docker:abababababab'],
      ['(unknown: exited)', 'uid 1000'],
    ]);
  });

  it('are bounded: those seen least recently go, and are counted', () => {
    const rows = openRows(3);
    for (const name of ['a', 'b', 'c', 'a', 'd', 'e']) rows.add(seen(1, program(name, 1)), 0);
    expect(rows.all(0).map(({ process }) => process)).toEqual(['a[1]', 'd[1]', 'e[1]']);
    expect(rows.gone()).toBe(2);
  });
});

describe('the table', () => {
  it('shows all of it in 80 columns', () => {
    const { lines } = tableOfThree();
    expect(lines().map(line => line.replace(/\d\d:00:0/g, '12:00:0'))).toMatchInlineSnapshot(`
      [
        "ptrap: watching                                                    rows 1-3 of 3",
        "  PROCESS              UNIT            TARGET             COUNT↓   /MIN SEEN",
        "> b[2]                 cron.service    192.168.1.1:53/udp      9      9 12:00:06",
        "  a[1]                 cron.service    192.168.1.1:53/udp      5      5 12:00:04",
        "  c[3]                 cron.service    192.168.1.1:53/udp      1      1 12:00:07",
        "",
        "",
        "",
        "",
        "q quit  p pause  up down enter details  sort: s next, n u t c r l by column",
      ]
    `);
  });

  it('sorts by the column of a key, the other way round at the second time, and by the next with s', () => {
    const { press, rows } = tableOfThree();
    const orders = ['', 'c', 'n', 'n', 'l', 's', 's'].map(key => {
      press(key);
      return rows().join('');
    });
    expect(orders).toEqual(['>bac', '>cab', '>abc', '>cba', '>cba', '>abc', '>cba']);
  });

  it('points at a row, which it follows, and at the top at whatever is there', () => {
    const { press, rows, add } = tableOfThree();
    press('down');
    expect(rows().join('')).toBe('b>ac');
    add(seen(9, program('a', 1), { count: 100 }));
    expect(rows().join('')).toBe('>abc');
    press('j', 'j', 'j', 'k');
    expect(rows().join('')).toBe('a>bc');
    press('home');
    add(seen(9, program('c', 1), { count: 1000 }));
    expect(rows()[0]).toBe('>c');
  });

  it('shows a page of many rows, and which', () => {
    const table = openTable('title');
    for (let pid = 100; pid < 200; pid++) table.add(seen(1, program(`p${pid}`, pid)), 0);
    table.press('n', SIZE, 0);
    table.press('pagedown', SIZE, 0);
    const lines = table.lines(SIZE, false, 0);
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^title +rows 8-14 of 100$/);
    expect(lines[2]).toMatch(/^> p107/);
    table.press('end', SIZE, 0);
    expect(table.lines(SIZE, false, 0)[0]).toMatch(/rows 99-100 of 100$/);
  });

  it('stands still while it is paused, for a minute and more, and then shows what it has', () => {
    const { table, press, rows, lines, add, pass } = tableOfThree();
    press('p');
    const before = lines();
    add(seen(9, program('d', 4), { count: 50 }));
    pass(100_000);
    expect(lines()).toEqual(before);
    expect(before[0]).toMatch(/PAUSED rows 1-3 of 3$/);
    expect(table.isAging(0)).toBe(false);
    press('p');
    expect(rows().join('')).toBe('>dbac');
  });

  it('tells all of a row, with its tree', () => {
    const { press, lines } = tableOfThree();
    press('n', 'enter');
    const first = lines();
    expect(first).toHaveLength(10);
    expect(first[2]).toBe('process   a[1]');
    press('pagedown', 'end');
    expect(lines().at(-2)).toContain('└─ a[1] dig example.org');
    press('space');
    expect(lines()[1]).toContain('PROCESS');
  });

  it('shows what was said below it, where there is room', () => {
    const table = openTable('title');
    for (const line of ['one', 'two', 'three', 'four']) table.note(line);
    expect(table.lines({ columns: 80, rows: 12 }, false, 0).slice(-4, -1)).toEqual(['two', 'three', 'four']);
    expect(table.lines({ columns: 80, rows: 11 }, false, 0)).not.toContain('four');
  });

  it('ages until a minute after the last', () => {
    const { table } = tableOfThree();
    expect(table.isAging(60_000)).toBe(true);
    expect(table.isAging(70_000)).toBe(false);
  });

  it.each([
    [1, 1],
    [5, 3],
    [20, 5],
    [300, 60],
  ])('fits a terminal of %i columns and %i rows', (columns, rows) => {
    const table = openTable('title '.repeat(100));
    table.add(seen(1, program('名'.repeat(200), 1)), 0);
    for (const key of ['', 'enter']) {
      table.press(key, { columns, rows }, 0);
      const lines = table.lines({ columns, rows }, false, 0);
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
  });
});

describe('text in a column', () => {
  it('is cut by the width that a terminal gives it', () => {
    expect(fit('名前名前', 5)).toBe('名前…');
    expect(pad('名前', 5)).toBe('名前 ');
    expect(pad('12', 5, 'left')).toBe('   12');
    expect(pad('abcdef', 5)).toBe('abcd…');
  });

  it('is short, however many marks it has', () => {
    expect(fit(`a${'\u0301'.repeat(10_000)}`, 10).length).toBeLessThan(50);
  });

  it('of a process obeys nothing', () => {
    const table = openTable('title');
    table.add(seen(1, { comm: '\x1b[2J\n\u202e', unit: '\x9b1m' }), 0);
    table.press('enter', { columns: 200, rows: 40 }, 0);
    for (const line of table.lines({ columns: 200, rows: 40 }, false, 0))
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('what waits for the end of the table', () => {
  it('is done in order, and what was too much is counted', () => {
    const later = openLater();
    const done: number[] = [];
    for (let index = 0; index < 6; index++) later.add(1024 * 1024, () => done.push(index));
    later.run();
    later.run();
    expect(done).toEqual([0, 1, 2, 3, 4]);
    expect(later.dropped()).toBe(1);
  });
});
