import { setTimeout as sleep } from 'node:timers/promises';
import { PtrapError } from '../errors.js';
import type { ProcListener } from '../netlink/proc-connector.js';
import type { ProcEvent } from '../netlink/proc-event.js';
import { traceLine } from '../sys/exec.js';
import { takeCensus } from './census.js';
import type { Roster } from './roster.js';

/** Opens the kernel's process events, as {@link openProcConnector}. */
export type Listen = (listener: ProcListener) => Promise<Disposable>;

/** The machine's processes, being followed. */
export interface Following extends Disposable {
  /** Since when nothing was missed (performance.now()); Infinity while something is missing. */
  completeSince(): number;
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
  let connector: Disposable | undefined;
  let completeSince = Infinity;
  let disposed = false;
  let losses = 0;

  async function begin(): Promise<void> {
    const loss = losses;
    connector = await listen({ onEvent, onEnd: lose });
    if (disposed) return connector[Symbol.dispose]();
    await takeCensus(proc, roster);
    if (loss !== losses) return;
    completeSince = performance.now();
    onComplete();
  }

  function lose(): void {
    losses += 1;
    completeSince = Infinity;
    if (losses === 1) say('more processes begin and end than ptrap can follow: reading /proc again');
    sleep(RECOVERY_MS, undefined, { ref: false }).then(start, giveUp);
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
    [Symbol.dispose]() {
      disposed = true;
      completeSince = Infinity;
      connector?.[Symbol.dispose]();
    },
  };
}
