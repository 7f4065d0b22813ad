import { closeSync, existsSync, futimesSync, openSync, readSync, unlinkSync } from 'node:fs';
import { createBacklog } from './backlog.js';

/** journalctl watches both, and any attribute change in them wakes it (sd-journal: IN_ATTRIB). */
const JOURNAL_DIRS = ['/run/log/journal', '/var/log/journal'];

/** The folder to nudge in: one that journald has made; undefined where there is none. */
export function journalDir(): string | undefined {
  return JOURNAL_DIRS.find(existsSync);
}

/** How long until the next look, in ms: while lines are outstanding, shortly after a packet, and else. */
const PAUSE_MS = { outstanding: 2, busy: 5, idle: 20 };

/** How long after a packet more are expected, in ms. */
const BUSY_MS = 1000;

/** What the nudge needs. */
export interface NudgeOptions {
  /** A file of our own in a folder that journalctl watches. */
  path: string;
  /** How many packets the kernel has logged so far. */
  logged(): Promise<number>;
  /** How many of them have been read. */
  read(): number;
  /** Told when no nudge brings what is outstanding. */
  stuck(): void;
}

/** Nudges until it is disposed of. */
export interface Nudge extends Disposable {
  /** Looks at this counter in sysfs at every turn: it moves when a packet has passed, and costs next to nothing. */
  watch(counter: string): void;
}

/**
 * Wakes journalctl while log lines are outstanding. journald writes an entry at once but holds back the news of it
 * for up to 250 ms; a touched file beside the journal brings journalctl to look at once. Other followers on the
 * machine wake too, so it touches only while the kernel has logged more than has been read.
 */
export function startNudging({ path, logged, read, stuck }: NudgeOptions): Nudge {
  const fd = openSync(path, 'ax', 0o600);
  let counter: Counter | undefined;
  let closed = false;
  let busyUntil = 0;
  let askAt = 0;
  const backlog = createBacklog();
  let timer = setTimeout(look, PAUSE_MS.idle);

  /** With a counter to watch, a look is cheap and comes often; the kernel is asked when it has moved, or is due. */
  function look(): void {
    const now = performance.now();
    if (counter?.moved() || now < busyUntil || now >= askAt)
      ask().then(lookIn, () => undefined); // the file has been closed
    else lookIn(PAUSE_MS.busy);
  }

  async function ask(): Promise<number> {
    const count = await logged().catch(() => 0); // the table has just gone: nothing is outstanding
    const now = performance.now();
    const outlook = backlog.look({ logged: count, read: read() }, now);
    askAt = now + PAUSE_MS.idle;
    if (outlook === 'none' || closed) return counter || now < busyUntil ? PAUSE_MS.busy : PAUSE_MS.idle;
    busyUntil = now + BUSY_MS;
    touch(fd);
    if (outlook === 'stuck') stuck();
    return outlook === 'due' ? PAUSE_MS.outstanding : PAUSE_MS.idle;
  }

  function lookIn(pause: number): void {
    if (!closed) timer = setTimeout(look, pause);
  }

  return {
    watch(path) {
      counter = openCounter(path);
    },
    [Symbol.dispose]() {
      closed = true;
      clearTimeout(timer);
      counter?.close();
      closeSync(fd);
      unlinkSync(path);
    },
  };
}

interface Counter {
  /** Whether it has changed since it was last asked; false once its device has gone. */
  moved(): boolean;
  close(): void;
}

function openCounter(path: string): Counter {
  const fd = openSync(path, 'r');
  const [before, now] = [Buffer.alloc(24), Buffer.alloc(24)];
  return {
    moved() {
      try {
        readSync(fd, now, 0, now.length, 0);
      } catch {
        return false; // the device has gone
      }
      if (now.equals(before)) return false;
      now.copy(before);
      return true;
    },
    close: () => closeSync(fd),
  };
}

function touch(fd: number): void {
  const now = Date.now() / 1000;
  futimesSync(fd, now, now);
}
