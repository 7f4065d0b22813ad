import { setTimeout as sleep } from 'node:timers/promises';
import { PtrapError } from '../errors.js';
import type { ProcConnector, ProcListener } from '../netlink/proc-connector.js';
import type { ProcEvent } from '../netlink/proc-event.js';
import { traceLine } from '../sys/exec.js';
import { takeCensus } from './census.js';
import type { Roster } from './roster.js';

/** Opens the kernel's process events, as {@link openProcConnector}. */
export type Listen = (listener: ProcListener) => ProcConnector;

/** The machine's processes, being followed. */
export interface Following extends Disposable {
  /** Since when nothing was missed (performance.now()); Infinity while something is missing. */
  completeSince(): number;
  /** Takes note of all that had happened by then (performance.now()); false where that cannot be. */
  caughtUpTo(time: number): boolean;
}

/** What following needs. */
export interface FollowingOptions {
  proc: string;
  roster: Roster;
  listen: Listen;
  onEvent(event: ProcEvent): void;
  /** Told once nothing is missing, each time. */
  onComplete(): void;
  /** Told that it will not be complete (again): the kernel does not tell of processes. */
  onGiveUp(): void;
  say(line: string): void;
}

/** Events that are lost again and again: /proc is not read more often than this, in ms. */
const RECOVERY_MS = 1000;

/** Listens, then reads /proc; and again whenever events were lost. */
export function followProcesses(options: FollowingOptions): Following {
  const { proc, roster, listen, onEvent, onComplete, onGiveUp, say } = options;
  let connector: ProcConnector | undefined;
  let caughtUpAt = -Infinity;
  let completeSince = Infinity;
  let disposed = false;
  let losses = 0;

  async function begin(): Promise<void> {
    const loss = losses;
    connector = listen({ onEvent, onLoss: lose });
    await takeCensus(proc, roster);
    if (loss !== losses || disposed) return;
    completeSince = performance.now();
    onComplete();
  }

  function lose(): void {
    losses += 1;
    stop();
    if (losses === 1) say('more processes begin and end than ptrap can follow: reading /proc again');
    sleep(RECOVERY_MS, undefined, { ref: false }).then(start, giveUp);
  }

  function stop(): void {
    connector?.[Symbol.dispose]();
    connector = undefined;
    caughtUpAt = -Infinity;
    completeSince = Infinity;
  }

  function start(): void {
    if (!disposed) begin().catch(giveUp);
  }

  function giveUp(error: Error): void {
    onGiveUp();
    // in a namespace it cannot be otherwise
    const tell = error instanceof PtrapError && error.code === 'PTRAP_E_PROC_NAMESPACE' ? traceLine : say;
    tell(`no live process table, /proc is searched for each match (${error.message})`);
  }

  start();
  return {
    completeSince: () => completeSince,
    caughtUpTo(time) {
      if (caughtUpAt >= time) return true;
      const now = performance.now();
      if (!connector?.catchUp()) return false;
      caughtUpAt = now;
      return true;
    },
    [Symbol.dispose]() {
      disposed = true;
      stop();
    },
  };
}
