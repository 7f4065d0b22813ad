import { closeSync, existsSync, futimesSync, openSync, unlinkSync } from 'node:fs';

/** journalctl watches both, and any attribute change in them wakes it (sd-journal: IN_ATTRIB). */
const JOURNAL_DIRS = ['/run/log/journal', '/var/log/journal'];

/** The folder to nudge in: one that journald has made; undefined where there is none. */
export function journalDir(): string | undefined {
  return JOURNAL_DIRS.find(existsSync);
}

/** How often the counter is looked at, in ms. */
const EVERY_MS = 5;

/** What the nudge needs. */
export interface NudgeOptions {
  /** A file of our own in a folder that journalctl watches. */
  path: string;
  /** How many packets the kernel has logged so far. */
  logged(): Promise<number>;
  /** How many of them have been read. */
  read(): number;
}

/**
 * Wakes journalctl while log lines are outstanding. journald writes an entry at once but holds back the news of it
 * for up to 250 ms; a touched file beside the journal brings journalctl to look at once. Other followers on the
 * machine wake too, so it touches only while the kernel has logged more than has been read.
 */
export function startNudging({ path, logged, read }: NudgeOptions): Disposable {
  const fd = openSync(path, 'ax', 0o600);
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    logged()
      .then(count => {
        if (count > read()) touch(fd);
      })
      .catch(() => undefined) // the table has just gone: nothing is outstanding
      .finally(() => {
        asking = false;
      });
  }, EVERY_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      closeSync(fd);
      unlinkSync(path);
    },
  };
}

function touch(fd: number): void {
  const now = Date.now() / 1000;
  futimesSync(fd, now, now);
}
