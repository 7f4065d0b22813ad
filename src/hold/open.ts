import { PtrapError } from '../errors.js';
import type { Ready } from '../events.js';
import type { NftSession } from '../nft/session.js';
import type { Delivery } from '../rules/delivery.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import type { HoldFollower } from './follow.js';
import { holdWithNetem, type HoldOptions } from './netem.js';

/** What holds packets. */
export interface Hold {
  /** As `ready` tells it. */
  told: Ready['hold'];
  /** Keeps up with what changes; not there where nothing has to. */
  follower?: HoldFollower;
}

/**
 * Opens the hold that was asked for; where none was, netem if the kernel can, else none, and says so. Packets that are
 * queued are held already.
 * @throws PTRAP_E_NETEM_MISSING, PTRAP_E_IFB_MISSING, PTRAP_E_EGRESS_MISSING and
 *   others of its hook, when one of them was asked for by name
 */
export async function openHold(
  nft: NftSession,
  teardown: Teardown,
  targets: readonly ResolvedTarget[],
  delivery: Delivery,
  { strategy, ...options }: HoldOptions & { strategy: 'netem' | 'none' | undefined },
): Promise<Hold> {
  if (delivery.to === 'queues') return { told: { strategy: 'queue', delayMs: delivery.delayMs } };
  if (strategy === 'none') return { told: { strategy, delayMs: 0 } };
  try {
    const follower = await holdWithNetem(nft, teardown, targets, options);
    return { told: { strategy: 'netem', delayMs: options.delayMs }, follower };
  } catch (error) {
    if (strategy === 'netem' || options.hook || !(error instanceof PtrapError) || error.exit !== 3)
      throw error;
    options.say(`packets are not held, short-lived senders may be missed (${error.message})`);
    return { told: { strategy: 'none', delayMs: 0 } };
  }
}
