import type { ProcEvent } from '../netlink/proc-event.js';
import type { Image } from './process.js';
import { openUsers, type Users } from './users.js';

/** What a process has been running since its last exec; shared with its forks. */
export interface Program {
  /** Undefined until it was read. */
  image: Image | undefined;
  /** When that exec was; undefined where it was not seen. */
  since?: number;
  /** What it ran before that. */
  before?: Omit<Program, 'before'>;
}

/** What was read of a process besides what its forks share. */
export interface Reading {
  /** After this (performance.now()) it was read. */
  at: number;
  /** Where its stack began. */
  stack: number;
  /** Its real user id, which events tell, too, but may tell late; undefined where it ended too soon. */
  uid: number | undefined;
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
  /** Others have it for their parent. */
  hasForked: boolean;
  /** Clock ticks after boot; undefined until it was read. */
  startTime: number | undefined;
  /** Undefined where it was not read in time. */
  comm: string | undefined;
  /** Undefined where it was not seen starting, and not read in time. */
  uid: { real: number; effective: number } | undefined;
  /** Every user that it or a forebear is known to have been; undefined where that cannot be told. */
  users: readonly number[] | undefined;
  program: Program;
  /** Its own program, when that was last read; undefined while it is known from its parent. */
  read: Reading | undefined;
  /** When its arguments were last seen to be those that are known. */
  verifiedAt: number | undefined;
  /** Besides the first. */
  threads: number;
  /** Its first thread has ended; the process has not until the others have. */
  isHeadless: boolean;
  /** When all of its descriptors were last looked at, and how many there were. */
  seen: { at: number; descriptors: number } | undefined;
  /** When its descriptors were last counted, and how many there were. */
  counted: { at: number; descriptors: number } | undefined;
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
  /** All that live, the newest first; each look makes a list. */
  newestFirst(): readonly Tracked[];
  /** Those that live and were born since, the newest first: a look at these is cheap. */
  bornSince(time: number): Iterable<Tracked>;
  /** Those of which no descriptors have been looked at, but for some that have meanwhile. */
  readonly unseen: Set<Tracked>;
  /** Takes note of an event; gives the process that it is about. */
  apply(event: ProcEvent): Tracked | undefined;
  /** Adds one that was found. */
  admit(found: Newcomer): Tracked;
  /** Takes out one that has ended unnoticed. */
  strike(process: Tracked): void;
}

/** So many that were seen starting are kept at hand until those older than this, in ms, are sorted out. */
const MOST_YOUNG = 1024;
const YOUNG_MS = 10_000;
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
  const unseen = new Set<Tracked>();
  let order: readonly Tracked[] | undefined;
  /** Those that were there before are found in any order. */
  let isByAge = true;
  /** Those that were seen starting, the newest last; the dead and the old are taken out now and then. */
  let young: Tracked[] = [];

  function add(process: Tracked): Tracked {
    const before = live.get(process.pid);
    if (before) end(before, -Infinity);
    live.set(process.pid, process);
    order = undefined;
    users.add(process);
    unseen.add(process);
    return process;
  }

  function end(process: Tracked, at: number): void {
    process.ended = at;
    live.delete(process.pid);
    unseen.delete(process);
    order = undefined;
    if (at === -Infinity) users.remove(process);
    else onEnd(process);
  }

  function sortByAge(): void {
    const byAge = [...live.values()].sort(byBirth);
    live.clear();
    for (const process of byAge) live.set(process.pid, process);
    order = undefined;
    isByAge = true;
  }

  function fork({ pid, at }: { pid: number; at: number }, parent: Tracked | undefined): Tracked {
    if (parent) parent.hasForked = true;
    return add({
      pid,
      born: at,
      ended: undefined,
      parent,
      hasForked: false,
      startTime: undefined,
      comm: parent?.comm,
      uid: parent?.uid,
      users: parent?.users,
      program: parent?.program ?? { image: undefined },
      read: undefined,
      verifiedAt: undefined,
      threads: 0,
      isHeadless: false,
      seen: undefined,
      counted: undefined,
      sockets: [],
      peeked: undefined,
    });
  }

  return {
    users,
    unseen,
    get: pid => live.get(pid),
    newestFirst() {
      if (!isByAge) sortByAge();
      return (order ??= [...live.values()].reverse());
    },
    *bornSince(time) {
      for (let index = young.length - 1; index >= 0; index -= 1) {
        const process = young[index];
        if (process === undefined || process.born < time) return;
        if (process.ended === undefined) yield process;
      }
    },
    apply(event) {
      if (event.what === 'fork') {
        const child = fork(event, live.get(event.parent));
        trimLineage(child);
        young.push(child);
        if (young.length > MOST_YOUNG)
          young = young.filter(({ ended, born }) => ended === undefined && born > event.at - YOUNG_MS);
        return child;
      }
      const process = live.get(event.pid);
      if (process === undefined) return undefined;
      switch (event.what) {
        case 'exec':
          process.threads = 0;
          process.isHeadless = false;
          process.program = succeed(process, event.at);
          if (!wasReadSince(process, event.at)) process.comm = process.read = undefined;
          break;
        case 'uid':
          users.change(process, event);
          if (process.read && !wasReadSince(process, event.at)) process.read.uid = event.real;
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
    admit(found) {
      isByAge = false;
      return add({
        ...found,
        born: -Infinity,
        ended: undefined,
        parent: undefined,
        hasForked: false,
        program: { image: undefined },
        read: undefined,
        verifiedAt: undefined,
        seen: undefined,
        counted: undefined,
        sockets: [],
        peeked: undefined,
      });
    },
    strike: process => end(process, -Infinity),
  };
}

/** Who forked a process, and who forked that one, up to the first. */
export function* forebears(process: Tracked): Iterable<Tracked> {
  let at = process.parent;
  for (let steps = 0; at && steps < MOST_FOREBEARS; steps += 1, at = at.parent) yield at;
}

/** Whether it is ptrap itself, whose sockets say nothing of those of others. */
export function isOurs({ pid }: Tracked): boolean {
  return pid === globalThis.process.pid;
}

/** The oldest first; those that were there before by what was read of them. */
function byBirth(one: Tracked, other: Tracked): number {
  return one.born - other.born || (one.startTime ?? 0) - (other.startTime ?? 0);
}

/** What was read of it already shows what an event tells late. */
function wasReadSince({ read }: Tracked, at: number): boolean {
  return read !== undefined && read.at > at;
}

/** What it runs from an exec on. */
function succeed(process: Tracked, since: number): Program {
  const { image, since: began } = process.program;
  if (wasReadSince(process, since)) return { image, since };
  return { image: undefined, since, before: { image, ...(began !== undefined && { since: began }) } };
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
