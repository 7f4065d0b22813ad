import type { Sighting } from '../events.js';

/** The window over which sightings are counted, in ms. */
const WINDOW = 60_000;

/** Most keys that are remembered at once; beyond it the longest unseen is forgotten, as is one with nothing left to say. */
const MAX_KEYS = 10_000;

/** What sightings are limited by; `connection` is limited in the kernel, by the rules. */
export type LimitPer = 'connection' | 'process' | 'executable' | 'none';

/** Lets only so many sightings through. */
export interface Limit {
  /**
   * The sighting, when it may pass; undefined when it is one too many. One that passes stands in `count` for
   * those suppressed before it.
   */
  pass(sighting: Sighting): Sighting | undefined;
  /** How many were suppressed so far, and how many of them no later sighting stands for. */
  suppressed(): { total: number; untold: number };
}

interface Bucket {
  /** When the sightings of the last minute passed, oldest first. */
  passed: number[];
  untold: number;
}

/**
 * At most `perMinute` sightings in any minute for one process or executable. Unresolved ones count together
 * by sender's uid and target.
 * @param now a monotonic clock, ms
 */
export function createLimit(per: LimitPer, perMinute: number, now: () => number): Limit {
  if (per === 'connection' || per === 'none') {
    return { pass: sighting => sighting, suppressed: () => ({ total: 0, untold: 0 }) };
  }
  const buckets = new Map<string, Bucket>();
  let total = 0;
  let told = 0;

  return {
    pass(sighting) {
      const at = now();
      const bucket = touch(buckets, keyOf(sighting, per), at);
      expire(bucket, at);
      if (bucket.passed.length >= perMinute) {
        total += sighting.count;
        bucket.untold += sighting.count;
        return undefined;
      }
      bucket.passed.push(at);
      const { untold } = bucket;
      bucket.untold = 0;
      told += untold;
      return untold === 0 ? sighting : { ...sighting, count: sighting.count + untold };
    },
    suppressed: () => ({ total, untold: total - told }),
  };
}

/** The key's bucket, now the most recently seen; the longest unseen goes when it is idle or room is needed. */
function touch(buckets: Map<string, Bucket>, key: string, at: number): Bucket {
  const bucket = buckets.get(key) ?? { passed: [], untold: 0 };
  buckets.delete(key);
  buckets.set(key, bucket);
  for (const [oldKey, old] of buckets) {
    expire(old, at);
    const idle = old !== bucket && old.passed.length === 0 && old.untold === 0;
    if (!idle && buckets.size <= MAX_KEYS) break;
    buckets.delete(oldKey);
  }
  return bucket;
}

function expire({ passed }: Bucket, at: number): void {
  const kept = passed.findIndex(time => at - time < WINDOW);
  passed.splice(0, kept === -1 ? passed.length : kept);
}

function keyOf({ resolution, flow, target }: Sighting, per: 'process' | 'executable'): string {
  const holders = resolution.status === 'resolved' ? resolution.processes : [];
  if (holders.length === 0) return `uid ${flow.uid} ${target}`;
  const names = holders.map(({ pid, startTime, exe, comm }) =>
    per === 'process' ? `${pid} ${startTime}` : (exe ?? comm),
  );
  return [...new Set(names)].sort().join('\0');
}
