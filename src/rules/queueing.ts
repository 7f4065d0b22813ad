import type { Selector } from '../nft/selector.js';
import { connectionKeys, keySet } from './connection.js';

/**
 * Which packets of a selector are queued. Of tcp every one, which the selector has narrowed to opening SYNs. Of other
 * protocols a flow's first, and those that come while it may still be held, so that none overtakes another:
 *
 *   held: packets of the flow may be waiting; each one queued keeps it so for longer than any is held
 *   seen: the flow had its turn within the last minute, and when it is not held all of it has left
 */
const [HELD, SEEN] = ['held_', 'seen_'] as const;

/** How much longer than the delay a flow counts as held after its last queued packet, in ms. */
const MARGIN_MS = 500;

/** The commands for the sets that {@link queueRules} needs. */
export function queueSets(table: string, selector: Selector): string[] {
  if (selector.kind === 'tcp') return [];
  return connectionKeys(selector).flatMap(key =>
    [HELD, SEEN].map(prefix => keySet(table, prefix + key.name, key)),
  );
}

/**
 * The rules of a selector's chain.
 * @param delayMs how long a packet waits at the most
 * @param queue the statements that count a packet and queue it
 */
export function queueRules(selector: Selector, delayMs: number, queue: string): string[] {
  if (selector.kind === 'tcp') return [queue];
  const timeout = `timeout ${delayMs + MARGIN_MS}ms`;
  return connectionKeys(selector).flatMap(({ name, guard, fields }) => {
    const [held, seen] = [`@${HELD}${name}`, `@${SEEN}${name}`];
    return [
      `${guard}${fields} ${held} update ${held} { ${fields} ${timeout} } ${queue}`,
      `${guard}${fields} ${seen} return`,
      `${guard}add ${seen} { ${fields} } add ${held} { ${fields} ${timeout} } ${queue}`,
      `${guard}${queue}`, // the sets are full
    ];
  });
}
