import { closeSync, existsSync, futimesSync, openSync, unlinkSync } from 'node:fs';
import { createBacklog } from './backlog.js';
import type { Bell } from './bell.js';

/** journalctl watches both, and any attribute change in them wakes it (sd-journal: IN_ATTRIB). */
const JOURNAL_DIRS = ['/run/log/journal', '/var/log/journal'];

/** The folder to nudge in: one that journald has made; undefined where there is none. */
export function journalDir(): string | undefined {
  return JOURNAL_DIRS.find(existsSync);
}

/** How long until the next look, in ms: while lines are due, while they are late, and else, with a bell and without. */
const PAUSE_MS = { due: 2, late: 20, belled: 1000, unbelled: 20 };

/** What the nudge needs. */
export interface NudgeOptions {
  /** A file of our own in a folder that journalctl watches. */
  path: string;
  /** Rings when a packet has been logged, where there is one. */
  bell: Bell | undefined;
  /** How many packets the kernel has logged so far. */
  logged(): Promise<number>;
  /** How many of them have been read. */
  read(): number;
  /** Told when no nudge brings what is outstanding. */
  stuck(): void;
}

/**
 * Wakes journalctl while log lines are outstanding, until it is disposed of. journald writes an entry at once but holds
 * back the news of it for up to 250 ms; a touched file beside the journal brings journalctl to look at once. Other
 * followers on the machine wake too, so it touches only while the kernel has logged more than has been read.
 */
export function startNudging({ path, bell, logged, read, stuck }: NudgeOptions): Disposable {
  const fd = openSync(path, 'ax', 0o600);
  const backlog = createBacklog();
  let state: 'idle' | 'looking' | 'waiting' | 'closed' = 'idle';
  let rung = false;
  let timer = setTimeout(look, PAUSE_MS.unbelled);

  function look(): void {
    clearTimeout(timer);
    rung = false;
    state = 'looking';
    // no count: the table has just gone, and nothing is outstanding
    logged().then(judge, () => judge(0));
  }

  function judge(count: number): void {
    if (state === 'closed') return;
    const outlook = backlog.look({ logged: count, read: read() }, performance.now());
    if (outlook === 'none') return rest();
    touch(fd);
    if (outlook === 'stuck') stuck();
    state = 'waiting';
    timer = setTimeout(look, outlook === 'due' ? PAUSE_MS.due : PAUSE_MS.late);
  }

  function rest(): void {
    if (rung) return look();
    state = 'idle';
    timer = setTimeout(look, bell ? PAUSE_MS.belled : PAUSE_MS.unbelled);
  }

  bell?.onRing(() => {
    rung = true;
    if (state === 'idle') look();
  });

  return {
    [Symbol.dispose]() {
      state = 'closed';
      clearTimeout(timer);
      closeSync(fd);
      unlinkSync(path);
    },
  };
}

function touch(fd: number): void {
  const now = Date.now() / 1000;
  futimesSync(fd, now, now);
}
