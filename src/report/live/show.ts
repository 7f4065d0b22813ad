import { readlinkSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Ready, Sighting } from '../../events.js';
import { readyLine } from '../pretty.js';
import { openPace } from './pace.js';
import { openRescue, type Rescue } from './rescue.js';
import { openTable, type Table } from './table.js';
import { LEAVE, openTerminal, type Display, type Keyboard, type Terminal } from './terminal.js';

/** The table is drawn anew this often at the most, and so often while nothing but a rate changes, in ms. */
const DRAW_MS = 100;
const AGING_MS = 5000;

/** What the table is shown on; none of them may block. */
export interface LiveStreams {
  stdout: Display;
  stderr: Display;
  stdin: Keyboard;
}

/** The table on the screen. */
export interface Showing {
  readonly table: Pick<Table, 'note'>;
  add(sighting: Sighting): void;
  /** Draws it anew, soon. */
  change(): void;
  /** Gives the terminal back. */
  end(): void;
  /** Settles when it is on the screen, or over before that. */
  readonly opened: Promise<void>;
}

/** Shows a table until its end. `quit` is called once a key asks for the end, or the terminal has gone. */
export function show(ready: Ready, { stdout, stdin }: LiveStreams, quit: () => void): Showing {
  const table = openTable(readyLine(ready));
  const colour = styleText('bold', 'x', { stream: stdout }) !== 'x';
  let terminal: Terminal | undefined;
  let rescue: Rescue | undefined;
  let isOver = false;
  let isDue = false;

  const pace = openPace(draw, DRAW_MS);
  function draw(): void {
    isDue = terminal?.isFree() !== true;
    if (!terminal || isDue) return;
    const now = performance.now();
    terminal.draw(table.lines(terminal.size, colour, now));
    if (table.isAging(now)) pace.askIn(AGING_MS);
  }
  function press(key: string): void {
    if (key === 'q' || key === '^c') return quit();
    if (terminal) table.press(key, terminal.size, performance.now());
    pace.ask();
  }

  function free(): void {
    if (isDue) pace.ask();
  }

  async function open(): Promise<void> {
    rescue = await openRescue(readlinkSync(`/proc/self/fd/${stdin.fd}`), LEAVE);
    if (isOver) return rescue?.dismiss();
    terminal = openTerminal(stdout, stdin, { key: press, stale: pace.ask, free, gone: quit });
    pace.ask();
  }

  return {
    table,
    opened: open(),
    add(sighting) {
      table.add(sighting, performance.now());
      pace.ask();
    },
    change: pace.ask,
    end() {
      isOver = true;
      pace.stop();
      if (!terminal) return;
      terminal.leave();
      rescue?.dismiss();
    },
  };
}
