import { PtrapError } from '../errors.js';
import type { Ready } from '../events.js';
import type { NftSession } from '../nft/session.js';
import type { Delivery } from '../rules/delivery.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { holdWithNetem, type HoldOptions } from './netem.js';

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
): Promise<Ready['hold']> {
  if (delivery.to === 'queues') return { strategy: 'queue', delayMs: delivery.delayMs };
  if (strategy === 'none') return { strategy, delayMs: 0 };
  try {
    await holdWithNetem(nft, teardown, targets, options);
    return { strategy: 'netem', delayMs: options.delayMs };
  } catch (error) {
    if (strategy === 'netem' || options.hook || !(error instanceof PtrapError) || error.exit !== 3)
      throw error;
    options.say(`packets are not held, short-lived senders may be missed (${error.message})`);
    return { strategy: 'none', delayMs: 0 };
  }
}
