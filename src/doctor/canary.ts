import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { arm, confirmBy } from '../arm.js';
import { mergeSettings, type Flags } from '../config/merge.js';
import { failure } from '../errors.js';
import { holdWithNetem, ifbAlias, ifbName, type Hook } from '../hold/netem.js';
import type { Source } from '../match/source.js';
import { openNft } from '../nft/session.js';
import { openResolver } from '../resolve/resolver.js';
import { tableName } from '../rules/ruleset.js';
import { newInstance } from '../run.js';
import { lookupTargets } from '../target/lookup.js';
import { parseTarget } from '../target/parse.js';
import type { ResolvedTarget } from '../target/target.js';
import { openTeardown, type Teardown } from '../teardown/stack.js';

/** How long the trial packet is held, in ms. */
const HELD_MS = 40;
/** A timer of netem's may be so much early, by the clock here. */
const EARLY_MS = 2;
/** How long the trial packet may take beyond that, in ms. */
const PATIENCE_MS = 2000;

/** What a canary is sung in: an instance as of a watch, whose target is an address of ours that nobody uses. */
interface Cage {
  instance: string;
  target: ResolvedTarget;
  teardown: Teardown;
}

/** Opens it, and undoes all that `sing` made. */
async function withInstance<T>(sing: (cage: Cage) => Promise<T>): Promise<T> {
  const text = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}:9/udp`;
  const [target] = await lookupTargets([parseTarget(text)]);
  const instance = newInstance();
  await using teardown = await openTeardown(instance, [text]);
  return await sing({ instance, target: target!, teardown });
}

/**
 * Opens a source as a watch would and has it prove itself with packets of our own: the time from send to resolved
 * match, of the slowest, in ms.
 * @throws what that source and its proof throw
 */
export function sourceCanary(source: Source['name']): Promise<number> {
  return withInstance(async ({ instance, target, teardown }) => {
    const flags: Flags = { targets: [target.text], source, hold: 'none', processTable: false };
    const settings = await mergeSettings(flags, undefined, '/');
    const resolver = openResolver();
    teardown.defer(() => resolver[Symbol.dispose]());
    const { sourceLatencyMs } = await arm(teardown, [target], {
      instance,
      settings,
      say: () => undefined,
      tellGap: () => undefined,
      fail: () => undefined, // then the proof fails, too
      originOf: () => undefined,
      async follow({ matches }) {
        for await (const { release } of matches) release?.();
      },
      confirm: confirmBy(resolver),
      settled: Promise.resolve(),
    });
    return sourceLatencyMs;
  });
}

/**
 * Holds a packet of our own on lo, and gives how long it was held, in ms.
 * @throws what the hold throws, PTRAP_E_NOT_HELD
 */
export function holdCanary(hook: Hook): Promise<number> {
  return withInstance(async ({ instance, target, teardown }) => {
    const nft = await openNft();
    teardown.defer(() => nft[Symbol.asyncDispose]());
    await holdWithNetem(nft, teardown, [target], {
      instance,
      table: tableName(instance),
      ifb: ifbName(instance),
      alias: ifbAlias(process.pid, teardown.startTime),
      delayMs: HELD_MS,
      hook,
      say: () => undefined,
      tellGap: () => undefined,
    });
    const tookMs = await roundTrip(target);
    if (tookMs < HELD_MS - EARLY_MS) throw failure('PTRAP_E_NOT_HELD', HELD_MS, tookMs);
    return tookMs;
  });
}

/** How long a packet of ours takes to the target, in ms; as long as we wait where it does not come. */
async function roundTrip({ networks, text }: ResolvedTarget): Promise<number> {
  const address = networks === 'any' ? '' : (networks[0]?.address ?? '');
  const port = Number(/:(\d+)\//.exec(text)?.[1]);
  const [receiver, sender] = [createSocket('udp4'), createSocket('udp4')];
  try {
    receiver.bind({ address, port, exclusive: true });
    await once(receiver, 'listening');
    const arrival = once(receiver, 'message', { signal: AbortSignal.timeout(HELD_MS + PATIENCE_MS) });
    const sent = performance.now();
    sender.send('ptrap', port, address);
    await arrival;
    return performance.now() - sent;
  } finally {
    receiver.close();
    sender.close();
  }
}
