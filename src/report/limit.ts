import { connectionOf } from '../connection.js';
import type { ProcessInfo, Resolution } from '../events.js';
import type { Match } from '../hooks.js';
import { openRecent } from './recent.js';

/** The window over which sightings are counted, in ms. */
const WINDOW = 60_000;

/** Most keys that are remembered at once, as many as a meter of the rules holds. */
const MAX_KEYS = 65_536;

/** What sightings are limited by. */
export type LimitPer = 'connection' | 'process' | 'executable' | 'none';

/** Lets only so many sightings through. */
export interface Limit {
  /** How many sightings this one stands for: itself and those of its key suppressed before it; 0: one too many. */
  pass(match: Match, resolution: Resolution): number;
}

/** When the sightings of one key passed, in ms, oldest first; those before `head` are out of the window. */
interface Passed {
  times: number[];
  head: number;
}

/**
 * At most `perMinute` sightings in any minute for one key: a connection, a process, an executable. The cost of one is
 * constant and memory is bounded: a key that gave way to newer ones starts anew, without what it had suppressed.
 * @param now a monotonic clock, ms
 */
export function createLimit(per: LimitPer, perMinute: number, now: () => number): Limit {
  if (per === 'none') return { pass: () => 1 };
  const passed = openRecent<Passed>({ most: MAX_KEYS, forMs: WINDOW, now });
  const untold = openRecent<number>({ most: MAX_KEYS, forMs: Infinity, now });

  return {
    pass(match, resolution) {
      const at = now();
      const key = keyOf(match, resolution, per);
      const before = passed.get(key) ?? { times: [], head: 0 };
      forget(before, at - WINDOW);
      passed.set(key, before);
      const suppressed = untold.get(key) ?? 0;
      if (before.times.length - before.head >= perMinute) {
        untold.set(key, suppressed + 1);
        return 0;
      }
      before.times.push(at);
      if (suppressed > 0) untold.delete(key);
      return 1 + suppressed;
    },
  };
}

/** Takes out what is too old; the array is moved only when half of it is. */
function forget(passed: Passed, until: number): void {
  const { times } = passed;
  while (passed.head < times.length && times[passed.head]! <= until) passed.head += 1;
  if (passed.head * 2 < times.length) return;
  times.splice(0, passed.head);
  passed.head = 0;
}

function keyOf(match: Match, resolution: Resolution, per: Exclude<LimitPer, 'none'>): string {
  if (per === 'connection') return connectionOf(match.flow);
  const holders = resolution.status === 'resolved' ? resolution.processes : [];
  if (holders.length === 0) return unknownOf(match, resolution);
  const name = per === 'process' ? processOf : executableOf;
  // those who share a socket are a key of their own: none of them hides another
  return [...new Set(holders.map(name))].sort().join('\n');
}

function processOf({ pid, startTime }: ProcessInfo): string {
  return `${pid} ${startTime}`;
}

/** A path means the same file only within one container. */
function executableOf({ exe, comm, container }: ProcessInfo): string {
  return JSON.stringify([container, exe, exe === null ? comm : undefined]);
}

/** Where no process is known: all that one user sends to a target, apart by what is known of it. */
function unknownOf({ target, flow }: Match, resolution: Resolution): string {
  const known =
    resolution.status === 'resolved'
      ? `${resolution.grade} ${resolution.sender?.cgroup ?? ''}`
      : resolution.reason;
  return `${known} uid ${flow.uid} ${target}`;
}
