import { failure } from '../errors.js';
import { NFULNL_MSG_PACKET, readLogged } from '../netlink/nflog.js';
import type { Counters } from '../rules/apply.js';
import type { Teardown } from '../teardown/stack.js';
import { openGroup } from './group.js';
import { openPackets } from './packets.js';
import { settle } from './settle.js';
import type { PacketSource } from './source.js';

/** What the nflog source needs to know of the instance. */
export interface NflogOptions {
  instance: string;
  /** Canonical texts of the targets, by the index that the log prefix carries. */
  targets: readonly string[];
  counters: Counters;
  say(line: string): void;
}

/** Bytes of each packet that are read: enough for a DNS query, and for the ClientHello of a browser. */
export const SNAPLEN = 2048;

/**
 * Reads the packets of an NFLOG group that nobody else has, without a line in any log.
 * @throws PTRAP_E_NFLOG_MISSING
 */
export async function openNflog(
  teardown: Teardown,
  { instance, targets, counters, say }: NflogOptions,
): Promise<PacketSource> {
  const { group, socket } = await openGroup(SNAPLEN);
  const packets = openPackets(socket.hear, {
    targets,
    say,
    open: ({ type, payload }) => (type === NFULNL_MSG_PACKET ? readLogged(payload) : undefined),
    tagOf: ({ prefix }) => tagIn(prefix, instance),
  });
  teardown.defer(() => {
    packets[Symbol.dispose]();
    socket[Symbol.dispose]();
  });
  return {
    name: 'nflog',
    delivery: { to: 'group', group, snaplen: SNAPLEN },
    matches: packets.matches,
    onEcho: packets.onEcho,
    settle: () => settle(counters, packets.sorting),
    diagnose: async () =>
      (await counters.logged()) === 0
        ? failure('PTRAP_E_PROBE_NOT_LOGGED')
        : failure('PTRAP_E_SOURCE_SILENT', 'nflog'),
  };
}

/** What a prefix of this instance says of the rule; undefined for another's. */
export function tagIn(prefix: string, instance: string): string | undefined {
  const start = `ptrap-${instance}-`;
  const colon = prefix.indexOf(':', start.length);
  return prefix.startsWith(start) && colon > 0 ? prefix.slice(start.length, colon) : undefined;
}
