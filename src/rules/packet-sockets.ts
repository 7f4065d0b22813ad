import type { ResolvedTarget } from '../target/target.js';
import { rulesOf, tableFor, targetChains } from './chains.js';
import { packetSocketTag } from '../nft/tag.js';
import { tableName, type RulesetOptions } from './ruleset.js';

/** Where the packets of all devices go through. */
const CHAIN = 'past';
/** Whatever was routed has a route (skb_dst), of which this reads a field that any number will do for. */
const ROUTED = 'meta rtclassid 0-4294967294';
/** Every uid but the one that stands for none: what is bridged has no socket. */
const ANY_SOCKET = ' meta skuid 0-4294967294';
/** Before the hold's, which takes packets away. */
const PRIORITY = -150;

/** Name of the netdev table for them. */
export function packetSocketTable(instance: string): string {
  return `${tableName(instance)}_packet`;
}

/**
 * The commands, one transaction, that bring what packet sockets (packet(7)) send to the targets to the source, from a
 * netdev table of this instance's own. It passes all other hooks by, and is told by this: it has a socket and no route.
 * Needs Linux 5.16 and nft 1.0.1, and a delivery to no queue, for which that hook has no verdict.
 */
export function buildPacketSockets(
  targets: readonly ResolvedTarget[],
  devices: readonly string[],
  options: RulesetOptions,
): string[] {
  const table = `netdev ${packetSocketTable(options.instance)}`;
  const chains = targetChains(targets, options);
  const entry = { entries: [CHAIN], guard: ANY_SOCKET };
  return [
    ...tableFor(table, chains, targets, options),
    `add chain ${table} ${CHAIN}`,
    `add rule ${table} ${CHAIN} ${ROUTED} return`,
    ...chains.flatMap(chain =>
      rulesOf(table, chain, options, { ...entry, tag: packetSocketTag(chain.index) }),
    ),
    ...devices.flatMap((device, index) => [
      `add chain ${table} device_${index} { type filter hook egress device "${device}" priority ${PRIORITY}; }`,
      `add rule ${table} device_${index} jump ${CHAIN}`,
    ]),
  ];
}
