import type { Flow } from '../events.js';
import type { History } from './history.js';
import type { Holdings } from './holdings.js';
import { forebears, type Roster, type Tracked } from './roster.js';
import type { WallClock } from './wall-clock.js';

/** A socket that a flow was found to belong to, with all who held it then. */
export interface Tie {
  inode: number;
  uid: number;
  grade: 'exact' | 'wildcard';
  holders: readonly Tracked[];
  /** When (performance.now()). */
  at: number;
}

/** What proves who sent a packet that by now has no sender. It never names a process that lives. */
export interface Evidence {
  remember(flow: Flow, tie: Tie): void;
  /** Those who were seen to hold a socket and have ended since the kernel was asked for it. */
  heldUntil(inode: number, asked: number): Tracked[];
  /** Those who held the flow's socket, if all of them have ended since the packet was seen `at`. */
  ofFlow(flow: Flow, at: string): Tie | undefined;
  /** The only process that can have opened a socket of this user's, if it has ended by now. */
  ofUser(uid: number, at: string): Tracked | undefined;
  /** Whether news that have not arrived yet may prove something: they can end a process, and add to those who may have sent. */
  mayCome(flow: Flow, at: string): boolean;
}

/** What the table knows. */
export interface EvidenceSources {
  roster: Roster;
  history: History;
  holdings: Holdings;
  clock: WallClock;
  /** Since when no event was missed (performance.now()); Infinity while some are. */
  completeSince(): number;
}

/** How long a tie says something of later packets, in ms. */
const TIE_MS = 60_000;
const MOST_TIES = 8192;
/** How much later than it was sent a packet may be seen, in ms: the sender may have ended before. */
const SEEN_LATE_MS = 2000;
/** How far a time on the wall clock may be off, in ms. */
const SLACK_MS = 5;
/** A user with more processes, dead or alive, is not looked through for the only one. */
const MOST_OF_USER = 64;

/** Starts to gather evidence. */
export function openEvidence({ roster, history, holdings, clock, completeSince }: EvidenceSources): Evidence {
  const ties = new Map<string, Tie>();

  /** Those of the holders who lived at a time; none where any of them may live still, or may have left it to a child. */
  function lastHolders(holders: readonly Tracked[], time: number): Tracked[] {
    const living = holders.filter(({ ended }) => ended === undefined || ended >= time);
    const isSure = living.every(({ ended }) => ended !== undefined) && !hasOtherOffspring(living, time);
    return isSure ? living : [];
  }

  function hasOtherOffspring(parents: readonly Tracked[], time: number): boolean {
    if (!parents.some(({ hasForked }) => hasForked)) return false;
    const isOther = (process: Tracked) =>
      !parents.includes(process) && [...forebears(process)].some(forebear => parents.includes(forebear));
    for (const process of history.endedSince(time)) if (isOther(process)) return true;
    return roster.newestFirst().some(isOther);
  }

  /** Two at most of those who can have opened a socket of this user's; undefined where some may be missing. */
  function candidates(uid: number, at: string): Tracked[] | undefined {
    const seen = clock.local(at);
    const from = seen - SEEN_LATE_MS;
    if (!(from > Math.max(completeSince(), history.reachesTo(), clock.setAt()))) return undefined;
    const found: Tracked[] = [];
    let looked = 0;
    for (const process of roster.users.of(uid)) {
      if ((looked += 1) > MOST_OF_USER) return undefined;
      if (process.ended !== undefined && process.ended < from) continue;
      if (process.born <= seen + SLACK_MS) found.push(process);
      if (found.length > 1) break;
    }
    return found;
  }

  return {
    remember(flow, tie) {
      const key = keyOf(flow, tie.grade);
      if (key === undefined) return;
      ties.delete(key);
      ties.set(key, tie);
      if (ties.size <= MOST_TIES) return;
      const [oldest = ''] = ties.keys();
      ties.delete(oldest);
    },
    heldUntil: (inode, asked) =>
      lastHolders(
        [...holdings.of(inode)].map(({ process }) => process),
        asked,
      ),
    ofFlow(flow, at) {
      const seen = clock.local(at);
      for (const grade of ['exact', 'wildcard'] as const) {
        const tie = ties.get(keyOf(flow, grade) ?? '');
        if (tie === undefined || tie.uid !== flow.uid || !(tie.at > seen - TIE_MS)) continue;
        if (!(clock.setAt() < seen) || tie.holders.some(({ ended }) => isUnsure(ended, seen))) continue;
        const holders = lastHolders(tie.holders, seen);
        if (holders.length > 0) return { ...tie, holders };
      }
      return undefined;
    },
    ofUser(uid, at) {
      const [only, other] = candidates(uid, at) ?? [];
      return other === undefined && only?.ended !== undefined ? only : undefined;
    },
    mayCome(flow, at) {
      const isTied = ties.has(keyOf(flow, 'exact') ?? '') || ties.has(keyOf(flow, 'wildcard') ?? '');
      return isTied || (flow.uid !== null && (candidates(flow.uid, at)?.length ?? 2) < 2);
    },
  };
}

/** Whether it may have ended before the packet was sent, or may not. */
function isUnsure(ended: number | undefined, seen: number): boolean {
  return ended === -Infinity || (ended !== undefined && ended < seen && ended > seen - SEEN_LATE_MS);
}

function keyOf({ protocol, src, dst, icmp }: Flow, grade: Tie['grade']): string | undefined {
  const port = src.port ?? icmp?.id;
  if (port === undefined) return undefined;
  const local = `${protocol} ${src.address} ${port}`;
  return grade === 'exact' ? `${local} ${dst.address} ${dst.port}` : local;
}
