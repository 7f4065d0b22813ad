import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { failure } from '../errors.js';
import { ask, missing, start } from '../sys/exec.js';
import { readEntry, type Recorded } from './entry.js';
import { journalArguments, type Query } from './query.js';

/** What was found of a query. */
export interface History {
  recorded: AsyncIterable<Recorded>;
  /** How many entries were there that hold no sighting that this ptrap can read. */
  unread(): number;
  /** Ends it. */
  stop(): void;
}

/** Tells whether journalctl understands a time, without reading anything. */
export async function isTime(text: string): Promise<boolean> {
  // its arguments are read in order, and --version is the end of them
  const { code } = await ask('journalctl', [`--since=${text}`, '--version']);
  return code === 0;
}

/**
 * Asks the journal; nothing is kept of what has been given.
 * @throws PTRAP_E_TOOL_MISSING; while it is read PTRAP_E_JOURNAL_HISTORY with journalctl's own words
 */
export async function openHistory(query: Query): Promise<History> {
  const child = start('journalctl', journalArguments(query));
  await once(child, 'spawn').catch(() => {
    throw missing('journalctl');
  });
  const exit = once(child, 'exit');
  let [words, unread, isStopped] = ['', 0, false];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));

  async function* recorded(): AsyncGenerator<Recorded> {
    for await (const line of createInterface({ input: child.stdout })) {
      const entry = readEntry(line);
      if (entry) yield entry;
      else unread += 1;
    }
    const [code] = (await exit) as [number | null];
    if (code !== 0 && !isStopped)
      throw failure('PTRAP_E_JOURNAL_HISTORY', words.trim() || `exit code ${code}`);
  }

  return {
    recorded: recorded(),
    unread: () => unread,
    stop() {
      isStopped = true;
      child.kill('SIGTERM');
    },
  };
}
