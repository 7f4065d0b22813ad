import type { ProcEvent } from '../netlink/proc-event.js';
import type { Image } from './process.js';
import { openUsers, type Users } from './users.js';

/** What a process has been running since its last exec; shared with its forks. */
export interface Program {
  /** Undefined until it was read. */
  image: Image | undefined;
}

/** A process as the table knows it. Times are in ms on the clock of performance.now(). */
export interface Tracked {
  readonly pid: number;
  /** When it was forked; -Infinity for one that was there before. */
  readonly born: number;
  /** When it ended; undefined while it lives, -Infinity where its end was missed. */
  ended: number | undefined;
  /** Who forked it, dead or alive; undefined where that was missed. */
  parent: Tracked | undefined;
  /** Clock ticks after boot; undefined until it was read. */
  startTime: number | undefined;
  /** Undefined where it was not read in time. */
  comm: string | undefined;
  /** Undefined where it was not seen starting, and not read in time. */
  uid: { real: number; effective: number } | undefined;
  /** Every user that it or a forebear is known to have been; undefined where that cannot be told. */
  users: readonly number[] | undefined;
  program: Program;
  /** When its own program was last read; undefined while it is known from its parent. */
  readAt: number | undefined;
  /** When all of it was last read, because it was asked for. */
  toldAt: number | undefined;
  /** Besides the first. */
  threads: number;
  /** Its first thread has ended; the process has not until the others have. */
  isHeadless: boolean;
  /** When all of its descriptors were last looked at, and how many there were. */
  seen: { at: number; descriptors: number } | undefined;
  /** The sockets that it was seen to hold. */
  sockets: number[];
  /** The number of the one descriptor that was looked at last. */
  peeked: string | undefined;
}

/** What is known of a process that was not seen starting. */
export type Newcomer = Pick<
  Tracked,
  'pid' | 'startTime' | 'comm' | 'uid' | 'users' | 'threads' | 'isHeadless'
>;

/** The processes of the machine, as events tell of them. It reads nothing itself. */
export interface Roster {
  readonly users: Users;
  /** The one that has this pid now. */
  get(pid: number): Tracked | undefined;
  /** All that live, the newest first. */
  newestFirst(): readonly Tracked[];
  /** Takes note of an event; gives the process that it is about. */
  apply(event: ProcEvent): Tracked | undefined;
  /** Adds one that was found. */
  admit(found: Newcomer): Tracked;
  /** Takes out one that has ended unnoticed. */
  strike(process: Tracked): void;
}

/** Forebears beyond this are let go, the dead ones first: programs that fork on and on must not fill the memory. */
const LONGEST_LINEAGE = 32;
/** What was read of /proc while pids changed hands may go in a circle. */
const MOST_FOREBEARS = 256;

/**
 * Opens an empty one.
 * @param onEnd hears of each process that has ended, but for those whose end was missed
 */
export function openRoster(onEnd: (process: Tracked) => void): Roster {
  const live = new Map<number, Tracked>();
  const users = openUsers();
  let order: readonly Tracked[] | undefined;

  function add(process: Tracked): Tracked {
    const before = live.get(process.pid);
    if (before) end(before, -Infinity);
    live.set(process.pid, process);
    order = undefined;
    users.add(process);
    return process;
  }

  function end(process: Tracked, at: number): void {
    process.ended = at;
    live.delete(process.pid);
    order = undefined;
    if (at === -Infinity) users.remove(process);
    else onEnd(process);
  }

  function fork({ pid, at }: { pid: number; at: number }, parent: Tracked | undefined): Tracked {
    return add({
      pid,
      born: at,
      ended: undefined,
      parent,
      startTime: undefined,
      comm: parent?.comm,
      uid: parent?.uid,
      users: parent?.users,
      program: parent?.program ?? { image: undefined },
      readAt: undefined,
      toldAt: undefined,
      threads: 0,
      isHeadless: false,
      seen: undefined,
      sockets: [],
      peeked: undefined,
    });
  }

  return {
    users,
    get: pid => live.get(pid),
    newestFirst: () => (order ??= [...live.values()].reverse()),
    apply(event) {
      if (event.what === 'fork') {
        const child = fork(event, live.get(event.parent));
        trimLineage(child);
        return child;
      }
      const process = live.get(event.pid);
      if (process === undefined) return undefined;
      switch (event.what) {
        case 'exec':
          process.threads = 0;
          process.isHeadless = false;
          if (wasReadSince(process, event.at)) break;
          process.comm = process.readAt = process.toldAt = undefined;
          process.program = { image: undefined };
          break;
        case 'uid':
          users.change(process, event);
          break;
        case 'comm':
          if (!wasReadSince(process, event.at)) process.comm = event.comm;
          break;
        case 'thread-start':
          process.threads += 1;
          break;
        case 'exit':
          process.isHeadless = true;
          if (process.threads === 0) end(process, event.at);
          break;
        case 'thread-exit':
          process.threads = Math.max(0, process.threads - 1);
          if (process.isHeadless && process.threads === 0) end(process, event.at);
      }
      return process;
    },
    admit: found =>
      add({
        ...found,
        born: -Infinity,
        ended: undefined,
        parent: undefined,
        program: { image: undefined },
        readAt: undefined,
        toldAt: undefined,
        seen: undefined,
        sockets: [],
        peeked: undefined,
      }),
    strike: process => end(process, -Infinity),
  };
}

/** Who forked a process, and who forked that one, up to the first. */
export function* forebears(process: Tracked): Iterable<Tracked> {
  let at = process.parent;
  for (let steps = 0; at && steps < MOST_FOREBEARS; steps += 1, at = at.parent) yield at;
}

/** What was read of it already shows what an event tells late. */
function wasReadSince({ readAt }: Tracked, at: number): boolean {
  return readAt !== undefined && readAt > at;
}

function trimLineage(process: Tracked): void {
  let length = 0;
  let last = process;
  for (const forebear of forebears(process)) {
    length += 1;
    if (length > LONGEST_LINEAGE && forebear.ended !== undefined) {
      last.parent = forebear.parent;
      return; // one for each generation is enough
    }
    last = forebear;
  }
}
