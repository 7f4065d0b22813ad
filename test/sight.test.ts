import { describe, expect, it } from 'vitest';
import type { Resolution } from '../src/events.js';
import { createLimit } from '../src/report/limit.js';
import { openSighter } from '../src/sight.js';
import { dig, match, sightingOf } from './fixtures/report/events.js';

const { resolution } = sightingOf(1, dig);

function sighting(limitPer: 'process' | 'none', resolve: () => Promise<Resolution>, accept = () => true) {
  let time = 0;
  const seen: unknown[] = [];
  const sighter = openSighter({
    instance: 'k3v9qa',
    plugins: {
      accept,
      resolve: (_match, payload) => {
        seen.push(payload);
        return Promise.resolve(undefined);
      },
    },
    resolver: { resolve },
    limit: createLimit(limitPer, 1, () => time),
  });
  const take = async (payload?: Uint8Array) => {
    const arrival = { match, arrived: performance.now(), ...(payload && { payload }) };
    return sighter.sight(match, await sighter.identify(arrival, true));
  };
  return { take, seen, tally: sighter.tally, after: (ms: number) => (time += ms) };
}

describe('the sighter', () => {
  it('counts what the limit suppresses, and lets a later sighting stand for it', async () => {
    const { take, tally, after } = sighting('process', () => Promise.resolve(resolution));
    expect(await take()).toEqual({ ...sightingOf(1, dig), count: 1 });
    for (let times = 0; times < 4; times += 1) expect(await take()).toBeUndefined();
    expect(tally).toEqual({ matches: 5, resolved: 1, unnamed: 0, unresolved: 0, suppressed: 4 });
    after(60_000);
    expect(await take()).toEqual({ ...sightingOf(2, dig), count: 5 });
    expect(tally).toEqual({ matches: 6, resolved: 2, unnamed: 0, unresolved: 0, suppressed: 4 });
  });

  it('counts what a plugin drops, and what ptrap sent itself, as suppressed', async () => {
    const dropping = sighting(
      'none',
      () => Promise.resolve(resolution),
      () => false,
    );
    expect(await dropping.take()).toBeUndefined();
    expect(dropping.tally).toEqual({ matches: 1, resolved: 0, unnamed: 0, unresolved: 0, suppressed: 1 });

    const own = sightingOf(1, { ...dig, ancestors: [{ pid: process.pid, comm: 'node', argv: [] }] });
    const feeding = sighting('none', () => Promise.resolve(own.resolution));
    expect(await feeding.take()).toBeUndefined();
    expect(feeding.tally).toEqual({ matches: 1, resolved: 0, unnamed: 0, unresolved: 0, suppressed: 1 });
  });

  it('counts what is unresolved, and hands the payload to the plugins', async () => {
    const { take, tally, seen } = sighting('none', () =>
      Promise.resolve({ status: 'unresolved', reason: 'exited', latencyMs: 1 }),
    );
    const payload = Uint8Array.from([1, 2]);
    await take(payload);
    await take();
    expect(seen).toEqual([payload, undefined]);
    expect(tally).toEqual({ matches: 2, resolved: 0, unnamed: 0, unresolved: 2, suppressed: 0 });
  });

  it('counts what only a user is known of as resolved, and apart', async () => {
    const sender = { uid: 1000, user: null, cgroup: null, unit: null, container: null };
    const answer = { via: 'nft', grade: 'uid', inode: null, processes: [], latencyMs: 1, sender } as const;
    const { take, tally } = sighting('none', () =>
      Promise.resolve({ ...answer, status: 'resolved', processes: [] }),
    );
    await take();
    expect(tally).toEqual({ matches: 1, resolved: 1, unnamed: 1, unresolved: 0, suppressed: 0 });
  });
});
