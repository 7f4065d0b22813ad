import type { Counters } from '../rules/apply.js';
import { isoTime } from '../sys/clock.js';
import type { Teardown } from '../teardown/stack.js';
import { BELL_SNAPLEN, openBell } from './bell.js';
import { diagnoseJournal } from './diagnose.js';
import { followKernelLog } from './follow.js';
import { parseLogLine } from './kernel-log.js';
import { openLateness } from './lateness.js';
import { journalDir, startNudging, type NudgeOptions } from './nudge.js';
import { openScrutiny } from './scrutiny.js';
import { settle } from './settle.js';
import { openSorting } from './sorting.js';
import type { Arrival, PacketSource } from './source.js';

/** What the journal source needs to know of the instance. */
export interface JournalOptions {
  instance: string;
  /** Canonical texts of the targets, by the index that the LOG prefix carries. */
  targets: readonly string[];
  /** What the kernel has counted so far: packets that matched, and those of them that it logged. */
  counters: Counters;
  /** False leaves journalctl to wake by itself, up to half a second late. */
  nudge: boolean;
  say(line: string): void;
  /** Told what could not be seen in time, and so is to be in the summary as well. */
  tellGap(line: string): void;
}

/** How long lines may be outstanding before the user is told, in ms. */
const STALL_MS = 5_000;

/** Reads the LOG lines of this instance from the journal, as soon as they are written there. */
export async function openJournal(teardown: Teardown, options: JournalOptions): Promise<PacketSource> {
  const { instance, targets, counters, say, tellGap } = options;
  const end = new AbortController();
  teardown.defer(() => {
    end.abort();
    return Promise.resolve();
  });
  const journal = followKernelLog({ signal: end.signal, say });
  const lateness = openLateness();
  const { sort, onEcho, read, close } = openSorting(targets);
  const { logged } = counters;
  const bell = await openBell(teardown);
  const isOurs = openScrutiny(bell, { instance, logged, say });

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const { received, receivedMonotonic, said, message } of journal.entries) {
      // also of lines that are not ours, which tell what is usual
      const late = lateness.of(said, receivedMonotonic);
      const line = parseLogLine(message, instance);
      if (!line || !(await isOurs(line))) continue;
      const match = sort({ ...line, at: isoTime(String(received - late)) });
      if (match) yield { match, arrived: performance.now() };
    }
  }

  watchForStalls(end.signal, { logged, read, say, tellGap });
  if (options.nudge) await makeNudge(teardown, instance, { bell, logged, read, stuck: journal.readAgain });
  return {
    name: 'journal',
    matches: matches(),
    delivery: { to: 'kernel-log', ...(bell && { bell: { group: bell.group, snaplen: BELL_SNAPLEN } }) },
    onEcho,
    settle: () => settle(counters, { read, close }),
    diagnose: () => diagnoseJournal(logged),
  };
}

/** Nudges with a file in the journal's folder, where there is such a folder. */
async function makeNudge(
  teardown: Teardown,
  instance: string,
  options: Omit<NudgeOptions, 'path'>,
): Promise<void> {
  const dir = journalDir();
  if (dir === undefined) return;
  const path = `${dir}/ptrap-${instance}.nudge`;
  let nudge: Disposable | undefined;
  await teardown.make(
    { kind: 'file', path },
    () => Promise.resolve((nudge = startNudging({ path, ...options }))),
    () => Promise.resolve(nudge?.[Symbol.dispose]()),
  );
}

/** What tells of a stall. */
interface StallOptions extends Pick<JournalOptions, 'say' | 'tellGap'> {
  logged(): Promise<number>;
  read(): number;
}

/** Tells, once for each stall, that the journal does not bring what the kernel has logged, and when it does again. */
function watchForStalls(signal: AbortSignal, { logged, read, say, tellGap }: StallOptions): void {
  let before: number | undefined; // none yet: the first look is during the proof, which has words of its own
  let isStalled = false;
  const look = (count: number): void => {
    if (count > read() && read() === before && !isStalled) {
      isStalled = true;
      tellGap(
        `${count - read()} log lines have not reached the journal: is systemd-journald running? Who sends meanwhile may be gone when they do`,
      );
    } else if (isStalled && read() !== before) {
      isStalled = false;
      say('the journal brings what the kernel logs again');
    }
    before = read();
  };
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => void logged().then(look, stop), STALL_MS).unref(); // no counter: the table has gone
  signal.addEventListener('abort', stop);
}
