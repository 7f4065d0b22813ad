import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../sys/stat.js';
import type { Holdings } from './holdings.js';
import type { Programs } from './programs.js';
import type { Roster, Tracked } from './roster.js';

/** Looks at processes in the background, a little at a time, so that a match finds them known. */
export interface Sweep extends Disposable {
  /** Settles when all have been looked at once. */
  readonly firstRound: Promise<void>;
  /** A process has begun: it is looked at, if it lives on. */
  began(): void;
  /** There are matches: the processes whose descriptors have changed are looked at again. */
  matched(): void;
}

/** Longest run, in ms, and how long the pause after it is. */
const SLICE_MS = 0.5;
const PAUSE_MS = 4;
/** At first there is no pause, for so long, in ms: whoever holds the socket of a match is not known before. */
const HASTE_MS = 1000;
/** From what began it to the next round, in ms. */
const ROUND_MS = 1000;
/** So many sockets are remembered at most: the rest is searched for when asked for. */
const MOST_SOCKETS = 200_000;

/** What is swept. */
export interface SweepOptions {
  proc: string;
  roster: Roster;
  holdings: Holdings;
  programs: Programs;
}

/** Begins the first round at once. */
export function openSweep({ proc, roster, holdings, programs }: SweepOptions): Sweep {
  let isRunning = false;
  let isWanted = false;
  let hasMatched = false;
  let disposed = false;
  let sliceEnds = 0;
  const hasteEnds = performance.now() + HASTE_MS;
  let endFirstRound: () => void;
  const firstRound = new Promise<void>(settle => (endFirstRound = settle));

  const isDue = (): boolean => performance.now() >= sliceEnds;

  async function pause(): Promise<void> {
    await (performance.now() < hasteEnds ? setImmediate() : sleep(PAUSE_MS, undefined, { ref: false }));
    sliceEnds = performance.now() + SLICE_MS;
  }

  async function look(process: Tracked, again: boolean): Promise<void> {
    if (process.isHeadless && readStat(proc, process.pid) === undefined) roster.strike(process);
    if (process.ended !== undefined) return;
    if (holdings.size > MOST_SOCKETS || (process.seen && !(again && holdings.hasChanged(process)))) return;
    for (const _ of holdings.readSlowly(process)) if (isDue()) await pause();
  }

  function readProgram(process: Tracked): void {
    if (process.ended === undefined && process.program.image === undefined) programs.read(process);
  }

  async function visitAll(visit: (process: Tracked) => Promise<void> | void): Promise<void> {
    for (const process of roster.newestFirst()) {
      if (disposed) return;
      await visit(process);
      if (isDue()) await pause();
    }
  }

  async function round(again: boolean): Promise<void> {
    sliceEnds = performance.now() + SLICE_MS;
    await visitAll(process => look(process, again));
    endFirstRound();
    await visitAll(readProgram);
  }

  function begin(delayMs: number): void {
    isWanted = true;
    if (isRunning || disposed) return;
    isRunning = true;
    sleep(delayMs, undefined, { ref: false })
      .then(() => {
        const again = hasMatched;
        isWanted = hasMatched = false;
        return round(again);
      })
      .finally(() => {
        isRunning = false;
        if (isWanted) begin(ROUND_MS);
      })
      .catch(() => undefined);
  }

  begin(0);
  return {
    firstRound,
    began: () => begin(ROUND_MS),
    matched() {
      hasMatched = true;
      begin(ROUND_MS);
    },
    [Symbol.dispose]() {
      disposed = true;
    },
  };
}
