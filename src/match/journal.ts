import { setTimeout as sleep } from 'node:timers/promises';
import type { Teardown } from '../teardown/stack.js';
import { followKernelLog } from './follow.js';
import { parseLogLine } from './kernel-log.js';
import { journalDir, startNudging, type Nudge, type NudgeOptions } from './nudge.js';
import type { Arrival, Echo, Losses, Source } from './source.js';

/** What the journal source needs to know of the instance. */
export interface JournalOptions {
  instance: string;
  /** Canonical texts of the targets, by the index that the LOG prefix carries. */
  targets: readonly string[];
  /** What the kernel has counted so far: packets that matched, and those of them that it logged. */
  counters: { matched(): Promise<number>; logged(): Promise<number> };
  /** False leaves journalctl to wake by itself, up to half a second late. */
  nudge: boolean;
  say(line: string): void;
}

/** How long settling waits for the next outstanding line, twice journald's own delay, and for all of them, in ms. */
const SETTLE = { idleMs: 1000, mostMs: 5000 };

/** How long lines may be outstanding before the user is told, in ms. */
const STALL_MS = 5_000;

/** Reads the LOG lines of this instance from the journal, as soon as they are written there. */
export async function openJournal(teardown: Teardown, options: JournalOptions): Promise<Source> {
  const { instance, targets, counters, say } = options;
  const end = new AbortController();
  teardown.defer(() => {
    end.abort();
    return Promise.resolve();
  });
  const journal = followKernelLog({ signal: end.signal, say });
  const listeners: ((echo: Echo) => void)[] = [];
  let read = 0;

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const { at, message } of journal.entries) {
      const line = parseLogLine(message, instance);
      if (!line) continue;
      read += 1;
      const target = targets[Number(line.tag)];
      const match = { target: target ?? line.tag, at, flow: line.flow };
      if (target === undefined)
        for (const listener of listeners) listener({ match, arrived: performance.now() });
      else yield { match };
    }
  }

  async function settle(): Promise<Losses> {
    // without counters the table has gone: whoever ended nft hears of that
    const [matched, logged] = await Promise.all([counters.matched(), counters.logged()]).catch(() => [
      read,
      read,
    ]);
    const begun = performance.now();
    let progress = { read, at: begun };
    while (read < logged) {
      const now = performance.now();
      if (read > progress.read) progress = { read, at: now };
      if (now > progress.at + SETTLE.idleMs || now > begun + SETTLE.mostMs) break;
      await sleep(5);
    }
    return { suppressed: Math.max(0, matched - logged), lost: Math.max(0, logged - read) };
  }

  watchForStalls(end.signal, counters.logged, () => read, say);
  const progress = { logged: counters.logged, read: () => read, stuck: journal.readAgain };
  const nudge = options.nudge ? await makeNudge(teardown, instance, progress) : undefined;
  return {
    name: 'journal',
    matches: matches(),
    onEcho: listener => void listeners.push(listener),
    hasten: counter => nudge?.watch(counter),
    settle,
  };
}

/** Nudges with a file in the journal's folder; undefined where there is no such folder. */
async function makeNudge(
  teardown: Teardown,
  instance: string,
  progress: Omit<NudgeOptions, 'path'>,
): Promise<Nudge | undefined> {
  const dir = journalDir();
  if (dir === undefined) return undefined;
  const path = `${dir}/ptrap-${instance}.nudge`;
  let nudge: Nudge | undefined;
  await teardown.make(
    { kind: 'file', path },
    () => Promise.resolve((nudge = startNudging({ path, ...progress }))),
    () => Promise.resolve(nudge?.[Symbol.dispose]()),
  );
  return nudge;
}

/** Says, once for each stall, that the journal does not bring what the kernel has logged. */
function watchForStalls(
  signal: AbortSignal,
  logged: () => Promise<number>,
  read: () => number,
  say: (line: string) => void,
): void {
  let before: number | undefined; // none yet: the first look is during the proof, which has words of its own
  let told = false;
  const look = (count: number): void => {
    const stalled = count > read() && read() === before;
    if (stalled && !told)
      say(`${count - read()} log lines have not reached the journal: is systemd-journald running?`);
    told = stalled;
    before = read();
  };
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => void logged().then(look, stop), STALL_MS).unref(); // no counter: the table has gone
  signal.addEventListener('abort', stop);
}
