import type { Flow, ProcessInfo } from '../events.js';
import type { Caller, Origin } from '../match/source.js';
import { openProcConnector } from '../netlink/proc-connector.js';
import type { ProcEvent } from '../netlink/proc-event.js';
import { presentAt } from '../sys/stat.js';
import { admitOrConfirm, identify } from './census.js';
import { openEvidence, type Tie } from './evidence.js';
import { followProcesses, type Listen } from './following.js';
import { openHistory } from './history.js';
import { openHoldings } from './holdings.js';
import { openPasswd } from './passwd.js';
import { LARGE_BUDGET, openPrograms } from './programs.js';
import { isOurs, openRoster, type Tracked } from './roster.js';
import { findKnownHolders, glance, type Memory, type Wanted } from './search.js';
import { openSweep, type Sweep } from './sweep.js';
import { openWallClock } from './wall-clock.js';

/** The machine's processes, followed as they begin and end: who holds which socket is remembered, and who has ended lately. */
export interface ProcessTable extends Disposable {
  /** Whether nothing is missing. Until it is, and whenever events were lost, /proc has to be searched instead. */
  readonly isComplete: boolean;
  /** Settles when it knows who holds which socket, or has been at it for long enough: what is asked before takes longer. */
  readonly settled: Promise<void>;
  /** Whether all that had happened by then (performance.now()) has been taken note of; false where that cannot be proven. */
  caughtUpTo(time: number): boolean;
  /** A match came: looks at those who may have sent it and end any moment. */
  glance(uid: number, since: number): void;
  /** As {@link findKnownHolders}. */
  findHolders(wanted: Wanted, found: (process: Tracked) => void): Promise<boolean>;
  /** Who a process is; undefined once it has ended. */
  tell(process: Tracked): ProcessInfo | undefined;
  /** A test whether a process was there when a packet was seen `at`. */
  presentAt(at: string): (process: Tracked) => boolean;
  /** These were found to have sent a packet. */
  remember(flow: Flow, tie: Omit<Tie, 'at'>): void;
  /** Who held a socket when the kernel was asked for it, and has ended since. */
  heldUntil(inode: number, asked: number): readonly Tracked[];
  /** Who must have sent a packet though its socket is gone. */
  mustHaveSent(flow: Flow, at: string): Sender | undefined;
  /** Who called when; undefined where that was not taken note of. */
  caller(caller: CallerAt): ProcessInfo | undefined;
  /** Where one who called comes from, dead or alive; undefined where that was not taken note of. */
  originOf(caller: CallerAt): Origin | undefined;
  /** Who these were that have ended; undefined where that was not read in time. */
  recall(processes: readonly Tracked[]): ProcessInfo[] | undefined;
}

/** Those who must have sent a packet, and the inode of their socket where it is known. */
export interface Sender {
  holders: readonly Tracked[];
  inode: number | null;
}

/** What tells one who called from others of its pid. */
type CallerAt = Pick<Caller, 'pid' | 'at' | 'slackMs' | 'startTime'>;

/** What a table is opened with. */
export interface ProcessTableOptions {
  /** Root of procfs. Default /proc. */
  proc?: string;
  /** Told what a user should know. */
  say(line: string): void;
  /** Told the cgroup of what is started. */
  onCgroup(path: string): void;
  /** Reads at once what is started, before it may call and end; else after a moment, if it still lives. */
  readsAtOnce?: boolean;
  listen?: Listen;
}

/** How far the clocks of a source and of the kernel may disagree, in ms. */
const SLACK_MS = 100;
/** How long it may take until a large machine is known, in ms. */
const SETTLE_MS = 1000;
/** Senders that are remembered as such. */
const MOST_SENDERS = 8;
/** The number that a program's first descriptor gets, after those for input and output. */
const FIRST_FREE = '3';

/** Begins to follow the machine's processes. Where the kernel does not tell of them, that is said once and the table stays incomplete. */
export function openProcessTable({
  proc = '/proc',
  say,
  onCgroup,
  readsAtOnce = false,
  listen = openProcConnector,
}: ProcessTableOptions): ProcessTable {
  const userName = openPasswd();
  const holdings = openHoldings(proc);
  const history = openHistory(process => {
    holdings.forget(process);
    roster.users.remove(process);
  });
  const roster = openRoster(history.add);
  const shedding = { isSaid: false };
  const programs = openPrograms(proc, { onShed, onCgroup }, readsAtOnce ? LARGE_BUDGET : undefined);
  const clock = openWallClock();
  let sweep: Sweep | undefined;

  function onShed(): void {
    if (!shedding.isSaid)
      say(
        'so many programs are started that not all can be read: short-lived ones may go without their command line',
      );
    shedding.isSaid = true;
  }

  function take(event: ProcEvent): void {
    if (event.what === 'fork' && !roster.get(event.parent)) admitOrConfirm(proc, roster, event.parent);
    const process = roster.apply(event);
    if (process && event.what === 'exec') {
      if (readsAtOnce || isOnlyOfUser(process)) programs.catch(process);
      else programs.began(process);
    }
    if (event.what === 'fork') {
      if (process?.parent) programs.catch(process.parent);
      else if (process) identify(proc, roster, process);
      sweep?.began();
    }
    if (event.what === 'exit') history.expire(performance.now());
  }

  /** Then it may be proven later that it sent something. */
  function isOnlyOfUser(process: Tracked): boolean {
    if (process.uid === undefined) return false;
    for (const other of roster.users.of(process.uid.effective))
      if (other !== process && other.ended === undefined) return false;
    return true;
  }

  /** The one that had a pid at a time. */
  function whoHad({ pid, at, slackMs = 0, startTime }: CallerAt): Tracked | undefined {
    const isIt = (process: Tracked): boolean =>
      process.pid === pid &&
      process.born <= at &&
      (startTime === undefined || (process.startTime ?? startTime) === startTime);
    const living = roster.get(pid);
    if (living && isIt(living)) return living;
    for (const process of history.endedSince(at - slackMs)) if (isIt(process)) return process;
    return undefined;
  }

  let settle: () => void;
  const settled = new Promise<void>(resolve => (settle = resolve));
  setTimeout(() => settle(), SETTLE_MS).unref();
  const following = followProcesses({
    proc,
    roster,
    listen,
    say,
    onEvent: take,
    onComplete() {
      sweep ??= openSweep({ proc, roster, holdings, programs });
      sweep.firstRound.then(settle, settle);
    },
    onGiveUp: () => settle(),
  });
  const { completeSince, caughtUpTo } = following;
  const caughtUp = () => caughtUpTo(performance.now());
  const evidence = openEvidence({ roster, history, holdings, clock, completeSince });
  const memory: Memory = { roster, holdings, senders: new Map(), caughtUpTo, usualFd: FIRST_FREE };

  return {
    get isComplete() {
      return completeSince() !== Infinity;
    },
    settled,
    caughtUpTo,
    glance: (uid, since) => glance(memory, uid, since),
    findHolders: (wanted, found) => findKnownHolders(memory, wanted, found),
    tell: process => programs.tell(process, userName),
    presentAt(at) {
      const seen = clock.local(at) + SLACK_MS;
      const present = seen < completeSince() ? presentAt(proc, at) : () => true;
      return ({ born, startTime }) =>
        born === -Infinity ? startTime === undefined || present(startTime) : !(born > seen);
    },
    remember(flow, tie) {
      if (tie.holders.some(isOurs)) return;
      evidence.remember(flow, { ...tie, at: performance.now() });
      const latest = tie.holders.map(holder => [holder, memory.usualFd] as const);
      memory.senders = new Map(
        [...new Map([...latest, ...memory.senders, ...latest])]
          .filter(([{ ended }]) => ended === undefined)
          .slice(0, MOST_SENDERS),
      );
      sweep?.matched();
    },
    heldUntil: (inode, asked) => (caughtUp() ? evidence.heldUntil(inode, asked) : []),
    mustHaveSent(flow, at) {
      if (!evidence.mayCome(flow, at) || !caughtUp()) return undefined;
      const tie = evidence.ofFlow(flow, at);
      if (tie) return tie;
      const only = flow.uid === null ? undefined : evidence.ofUser(flow.uid, at);
      return only && { holders: [only], inode: null };
    },
    caller(caller) {
      if (!caughtUp()) return undefined;
      const process = whoHad(caller);
      const told = process && programs.recallAt(process, caller.at, userName);
      // what was read just now may be of a program that it has begun since
      return told && caughtUp() ? programs.recallAt(process, caller.at, userName) : undefined;
    },
    originOf(caller) {
      const process = caughtUp() ? whoHad(caller) : undefined;
      if (process === undefined) return undefined;
      const { born, parent, program } = process;
      // what it shares with its parent was read of either of them
      return { born, netns: program === parent?.program ? null : (program.image?.netns ?? null) };
    },
    recall(processes) {
      if (!caughtUp()) return undefined;
      const told = processes.map(process => programs.recall(process, userName));
      return told.every(info => info !== undefined) ? told : undefined;
    },
    [Symbol.dispose]() {
      sweep?.[Symbol.dispose]();
      following[Symbol.dispose]();
    },
  };
}
