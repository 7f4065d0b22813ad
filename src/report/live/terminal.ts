import { emitKeypressEvents, type Key } from 'node:readline';
import escapes from 'ansi-escapes';
import type { Outlet } from '../../sys/unblocked.js';
import type { Size } from './screen.js';

/** A terminal for writing, which knows its size. */
export type Display = Outlet & Partial<Pick<NodeJS.WriteStream, 'rows'>>;
/** A terminal for reading. */
export type Keyboard = NodeJS.ReadStream & { fd: number };

/** A terminal that is ptrap's alone until it is left. */
export interface Terminal {
  readonly size: Size;
  /** Whether it has taken what was drawn before; a slow or stopped one has not, and is drawn on when it has. */
  isFree(): boolean;
  /** Shows these lines in place of those before. */
  draw(lines: readonly string[]): void;
  /** Gives it back as it was. A second call does nothing. */
  leave(): void;
}

/** Told of what happens at the terminal. */
export interface TerminalEvents {
  /** A key, by node's name of it (`readline`); `^c` with the control key. */
  key(name: string): void;
  /** What it shows is not what was drawn: its size is another, or a person says so (Ctrl-L). */
  stale(): void;
  /** It takes more again. */
  free(): void;
  /** Nobody can press a key any more. */
  gone(): void;
}

/** DECAWM (DEC STD 070): whether what goes beyond the last column begins a new line. */
const WRAP = { off: '\x1b[?7l', on: '\x1b[?7h' };
const ENTER = escapes.enterAlternativeScreen + WRAP.off + escapes.cursorHide + escapes.eraseScreen;
/** What gives it back, but for the modes of its keyboard. */
export const LEAVE = escapes.cursorShow + WRAP.on + escapes.exitAlternativeScreen;

/** Takes the terminal: its second screen, every key, no cursor. */
export function openTerminal(display: Display, keyboard: Keyboard, events: TerminalEvents): Terminal {
  let shown: readonly string[] = [];
  let isTaking = false;
  let isLeft = false;

  const write = (text: string): void => {
    isTaking = true;
    display.write(text, () => {
      isTaking = false;
      if (!isLeft) events.free();
    });
  };
  const redraw = (): void => {
    shown = [];
    events.stale();
  };
  const onKey = (_: string | undefined, { name, sequence, ctrl }: Key): void => {
    if (ctrl && name === 'l') return redraw();
    events.key(ctrl ? `^${name}` : (name ?? sequence ?? ''));
  };

  emitKeypressEvents(keyboard);
  keyboard.on('keypress', onKey);
  keyboard.on('error', events.gone);
  keyboard.on('end', events.gone);
  display.on('resize', redraw);
  keyboard.setRawMode(true);
  keyboard.resume();
  write(ENTER);

  return {
    get size() {
      return { columns: display.columns || 80, rows: display.rows || 24 };
    },
    isFree: () => !isTaking,
    draw(lines) {
      const changed = lines.map((line, index) =>
        line === shown[index] ? '' : escapes.cursorTo(0, index) + escapes.eraseLine + line,
      );
      if (shown.length === 0) changed.unshift(escapes.eraseScreen);
      shown = lines;
      if (changed.some(text => text !== '')) write(changed.join(''));
    },
    leave() {
      if (isLeft) return;
      isLeft = true;
      keyboard.off('keypress', onKey);
      display.off('resize', redraw);
      keyboard.setRawMode(false);
      keyboard.pause();
      display.write(LEAVE);
    },
  };
}
