import { once } from 'node:events';
import { failure } from '../errors.js';
import { missing, start, type Child } from '../sys/exec.js';
import { parseJournalLine, type JournalEntry } from './journal-entry.js';

/** What following needs. */
export interface FollowOptions {
  /** Ends it. */
  signal: AbortSignal;
  /** Told on stderr what a user should know. */
  say(line: string): void;
}

/** Waits between two starts of journalctl, in ms: doubled each time it brought nothing. */
const PAUSE = { first: 100, longest: 5_000 };

/** So many starts in a row that brought nothing at all, and the journal counts as unreadable. */
const TRIES = 8;

/** A journal that is being followed. */
export interface Followed {
  /**
   * The kernel messages of this boot from now on. A journalctl that ends is started again after the last cursor, so
   * that nothing is read twice and nothing is missed; one that never brings anything is an error.
   * @throws PTRAP_E_TOOL_MISSING, PTRAP_E_JOURNALCTL
   */
  readonly entries: AsyncIterable<JournalEntry>;
  /**
   * Has what is there read by a journalctl of its own. One that looks just while journald links an entry into its
   * index does not find it, and takes the file as read until the next entry comes (systemd 252 to 257).
   */
  readAgain(): void;
}

/** Begins to follow the journal once the entries are asked for. */
export function followKernelLog(options: FollowOptions): Followed {
  let again = new AbortController();
  const renew = (): AbortSignal => (again = new AbortController()).signal;
  return { entries: follow(options, renew), readAgain: () => again.abort() };
}

async function* follow(
  { signal, say }: FollowOptions,
  renew: () => AbortSignal,
): AsyncGenerator<JournalEntry> {
  const since = Math.floor(Date.now() / 1000) - 1;
  let cursor: string | undefined;
  let pause = PAUSE.first;
  for (let tries = 0; !signal.aborted; tries += 1) {
    const child = start('journalctl', journalctlArguments(since, cursor));
    await once(child, 'spawn').catch(() => {
      throw missing('journalctl');
    });
    const stop = (): void => void child.kill('SIGTERM');
    const again = renew();
    signal.addEventListener('abort', stop);
    again.addEventListener('abort', stop);
    const said = collectStderr(child);
    for await (const entry of entriesOf(child)) {
      cursor = entry.cursor;
      tries = 0;
      pause = PAUSE.first;
      yield entry;
    }
    signal.removeEventListener('abort', stop);
    if (signal.aborted) return;
    if (again.aborted) {
      tries -= 1;
      continue;
    }
    await child; // what it said on stderr may be read after stdout has ended
    if (tries >= TRIES) throw failure('PTRAP_E_JOURNALCTL', said() || 'it ends at once');
    say(`journalctl ended (${said() || 'no reason given'}); reading on after its last entry`);
    await new Promise(next => setTimeout(next, pause));
    pause = Math.min(pause * 2, PAUSE.longest);
  }
}

/** From a cursor on where there is one, else from a moment before ptrap began: the instance's prefix sorts out the rest. */
function journalctlArguments(since: number, cursor: string | undefined): string[] {
  const begin = cursor === undefined ? `--since=@${since}` : `--after-cursor=${cursor}`;
  // --no-tail: with -f only the last ten lines would come
  return ['-f', '-k', '-o', 'json', '--no-pager', '--quiet', '--no-tail', begin];
}

async function* entriesOf(child: Child): AsyncGenerator<JournalEntry> {
  let rest = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const entry = parseJournalLine(line);
      if (entry) yield entry;
    }
  }
}

function collectStderr(child: Child): () => string {
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-1000);
  });
  return () => text.trim().split('\n').at(-1) ?? '';
}
