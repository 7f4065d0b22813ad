import { attribute, NLM_F_DUMP } from './message.js';
import { netfilterHeader } from './netfilter.js';
import type { NetlinkSocket } from './socket.js';

/** linux/netfilter/nf_tables.h, linux/netfilter.h */
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETRULE = 7;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFPROTO_INET = 1;

/**
 * How many rules a chain of an `inet` table has; none where there is no such chain. NETLINK_NETFILTER is the protocol
 * of the socket. Rejects as {@link NetlinkSocket.request} does.
 */
export async function countRules(socket: NetlinkSocket, table: string, chain: string): Promise<number> {
  const request = Buffer.concat([
    netfilterHeader(NFPROTO_INET, 0),
    attribute(NFTA_RULE_TABLE, Buffer.from(`${table}\0`)),
    attribute(NFTA_RULE_CHAIN, Buffer.from(`${chain}\0`)),
  ]);
  const rules = await socket.request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_DUMP, request);
  return rules.length;
}
