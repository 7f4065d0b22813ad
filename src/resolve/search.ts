import type { Budget } from './fd.js';
import type { Holdings } from './holdings.js';
import { pacer, type Pacer } from './pace.js';
import { forebears, isOurs, type Roster, type Tracked } from './roster.js';

/** Which processes hold a socket, by what is remembered of them; /proc is read only where that may not be true any more. */

/** What the table remembers. */
export interface Memory {
  roster: Roster;
  holdings: Holdings;
  /** Who was found to be a sender before, and under which number it had its socket; the latest first. */
  senders: ReadonlyMap<Tracked, string>;
  /** Takes note of all that had happened by then (performance.now()). */
  caughtUpTo(time: number): boolean;
  /** The number under which the last one had its socket: many programs use the same. */
  usualFd: string;
}

/** A socket whose holders are wanted; what was read after `since` (performance.now()) is recent enough. */
export interface Wanted {
  inode: number;
  uid: number;
  since: number;
  /** Whether the socket is no more: asked before a long search for who holds it. */
  isGone?: () => Promise<boolean>;
}

const budgetDefault: Budget = { firstMs: 1000, kinMs: 250, strangersMs: 0.05 };

/** A process that began so lately, in ms, is likely to have sent what came just now. */
const YOUNG_MS = 1000;
/** So many of them are looked at before those who have sent before. */
const FIRST_TRIES = 4;
/** And so many before it is known which socket it is. */
const GLANCES = 3;

/** Looks at the newest processes, for what is asked next: they may end any moment. */
export function glance({ roster, holdings, usualFd, caughtUpTo }: Memory, uid: number, since: number): void {
  caughtUpTo(since);
  let left = GLANCES;
  for (const process of roster.bornSince(since - YOUNG_MS)) {
    if (!isOf(process, uid) || !mayHaveChanged(holdings, process, since)) continue;
    if (holdings.peek(process, usualFd) === undefined) holdings.read(process);
    if ((left -= 1) === 0) return;
  }
}

/**
 * Finds every process that holds a socket and gives each to `found` at once, since it may end any moment.
 *
 * A fork has its sockets from birth. So whoever was looked at after its birth, and a forebear after it forked, can
 * have gained this one only by being handed it (unix(7), SCM_RIGHTS): then its number of descriptors has most likely
 * changed, for which strangers are looked through as far as the time goes.
 * @returns false when the time was over before the first one was found, or before it was sure to be the only one
 */
export async function findKnownHolders(
  memory: Memory,
  wanted: Wanted,
  found: (process: Tracked) => void,
  budget: Budget = budgetDefault,
): Promise<boolean> {
  const { roster, holdings } = memory;
  const holds = (process: Tracked) => holdsIt(holdings, process, wanted);
  const first = await findFirst(memory, wanted, holds, pacer(budget.firstMs));
  if (first === 'late') return false;
  if (first === undefined) return true;
  found(first);
  memory.caughtUpTo(wanted.since); // it may have forked before, and its fork have sent
  const known = new Set([first]);
  const fd = holdings.by(first, wanted.inode)?.fd ?? memory.usualFd;
  if (!isOurs(first)) memory.usualFd = fd;
  const check = async (candidates: Iterable<Tracked>, pace: Pacer, isLikely = (_: Tracked) => true) => {
    for (const process of candidates) {
      if (pace.over()) return false;
      if (pace.due()) await pace.turn();
      if (process.ended !== undefined || known.has(process)) continue;
      if (!isLikely(process) || !holds(process)) continue;
      known.add(process);
      found(process);
    }
    return true;
  };
  const remembered = [...holdings.of(wanted.inode)].map(({ process }) => process);
  const kin = pacer(budget.kinMs);
  const areKinFound =
    (await check(remembered, kin)) &&
    (await check(possibleGivers(holdings, first, fd, wanted), kin)) &&
    (await check(unseenHeirs(memory, first, fd, wanted.inode), kin));
  // of several it is not told which one has sent, however many there are
  if (!areKinFound && known.size === 1) return false;
  await check(
    strangers(roster),
    pacer(budget.strangersMs),
    process => hasSockets(process) && mayHaveChanged(holdings, process, wanted.since),
  );
  return true;
}

async function findFirst(
  memory: Memory,
  wanted: Wanted,
  holds: (process: Tracked) => boolean,
  pace: Pacer,
): Promise<Tracked | 'late' | undefined> {
  const search = async (candidates: Iterable<Tracked>) => {
    for (const process of candidates) {
      if (process.ended === undefined && holds(process)) return process;
      if (pace.over()) return 'late';
      if (pace.due()) await pace.turn();
    }
    return undefined;
  };
  const { inode, uid, isGone } = wanted;
  const known = [...memory.holdings.of(inode)].map(({ process }) => process);
  const quick = (await search(known)) ?? (await search(likely(memory, wanted)));
  if (quick !== undefined || (isGone && (await pace.wait(isGone())))) return quick;
  memory.caughtUpTo(wanted.since); // it may be so new that we have not heard of it
  const found = (await search(likely(memory, wanted))) ?? (await search(anyoneChanged(memory, wanted)));
  if (found !== undefined || (isGone && (await pace.wait(isGone())))) return found;
  return search(anyone(memory, uid));
}

/** Whether a process holds the socket: seen lately enough, still as remembered, or seen now. */
function holdsIt(holdings: Holdings, process: Tracked, { inode, since }: Wanted): boolean {
  const holding = holdings.by(process, inode);
  if (holding && (holding.at >= since || holdings.peek(process, holding.fd) === inode)) return true;
  if (process.seen && process.seen.at >= since) return false;
  holdings.read(process);
  return (holdings.by(process, inode)?.at ?? -Infinity) >= since;
}

/** Whoever is likely to have opened the socket. */
function* likely({ roster, holdings, senders }: Memory, { inode, uid, since }: Wanted): Iterable<Tracked> {
  let tries = 0;
  for (const process of roster.bornSince(since - YOUNG_MS)) {
    if (!isOf(process, uid) || !mayHaveChanged(holdings, process, since)) continue;
    yield process;
    if ((tries += 1) === FIRST_TRIES) break;
  }
  for (const [process, fd] of senders) {
    if (isOf(process, uid) && holdings.peek(process, fd) === inode) yield process;
  }
  for (const process of senders.keys()) if (isOf(process, uid)) yield process;
}

/** Everybody who has other descriptors than when last looked at; those of the user first. */
function* anyoneChanged(memory: Memory, { uid, since }: Wanted): Iterable<Tracked> {
  for (const process of anyone(memory, uid))
    if (mayHaveChanged(memory.holdings, process, since)) yield process;
}

/** Everybody; those of the user first. */
function* anyone({ roster }: Memory, uid: number): Iterable<Tracked> {
  const all = roster.newestFirst();
  for (const process of all) if (isOf(process, uid)) yield process;
  for (const process of all) if (!isOf(process, uid)) yield process;
}

/** The newest first; those that are not so new are listed only if there is time. */
function* strangers(roster: Roster): Iterable<Tracked> {
  yield* roster.bornSince(-Infinity);
  yield* roster.newestFirst();
}

/**
 * Forebears that were last looked at before they forked: they may have opened the socket in between. Then they have
 * more descriptors now; or as many, and the socket under the number under which they left it to their fork.
 */
function* possibleGivers(
  holdings: Holdings,
  process: Tracked,
  fd: string,
  { inode, since }: Wanted,
): Iterable<Tracked> {
  let child = process;
  for (const forebear of forebears(process)) {
    const isOld = (forebear.seen?.at ?? -Infinity) <= child.born;
    if (isOld && (mayHaveChanged(holdings, forebear, since) || holdings.peek(forebear, fd) === inode))
      yield forebear;
    child = forebear;
  }
}

/** Those that have not been looked at since their birth, and may have the socket from it: they have it under the same number, or were forked by who has it. */
function* unseenHeirs(
  { roster, holdings }: Memory,
  holder: Tracked,
  fd: string,
  inode: number,
): Iterable<Tracked> {
  for (const process of roster.unseen) {
    if (process.seen !== undefined) roster.unseen.delete(process);
    if (process.seen !== undefined || process === holder) continue;
    const isHeir = process.peeked !== fd && holdings.peek(process, fd) === inode;
    if (isHeir || (process.born > holder.born && isOffspring(process, holder))) yield process;
  }
}

function isOffspring(process: Tracked, of: Tracked): boolean {
  if (!of.hasForked) return false;
  for (const forebear of forebears(process)) if (forebear === of) return true;
  return false;
}

function mayHaveChanged(holdings: Holdings, process: Tracked, since: number): boolean {
  return process.ended === undefined && (process.seen === undefined || holdings.hasChanged(process, since));
}

/** Only over a socket can one be handed a socket. */
function hasSockets({ seen, sockets }: Tracked): boolean {
  return seen === undefined || sockets.length > 0;
}

function isOf({ uid }: Tracked, wanted: number): boolean {
  return uid?.effective === wanted;
}
