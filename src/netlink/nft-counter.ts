import { attribute, findAttribute } from './message.js';
import { netfilterHeader, NFGENMSG_BYTES } from './netfilter.js';
import type { NetlinkSocket } from './socket.js';

/** Named nft counters over NETLINK_NETFILTER, the protocol of the socket (linux/netfilter/nf_tables.h); constants are that header's. */

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETOBJ = 19;
const NFPROTO = { inet: 1, netdev: 5 } as const;
const NFTA_OBJ_TABLE = 1;
const NFTA_OBJ_NAME = 2;
const NFTA_OBJ_TYPE = 3;
const NFTA_OBJ_DATA = 4;
const NFT_OBJECT_COUNTER = 1;
const NFTA_COUNTER_PACKETS = 2;

/**
 * A reader of how many packets the named counter of a table has counted; made to be called every few ms.
 * It rejects with PTRAP_E_NETLINK (errno ENOENT) once the table or the counter is gone, and as {@link NetlinkSocket.request} does.
 */
export function counterReader(
  socket: NetlinkSocket,
  table: string,
  name: string,
  family: keyof typeof NFPROTO = 'inet',
): () => Promise<number> {
  const request = Buffer.concat([
    netfilterHeader(NFPROTO[family], 0),
    attribute(NFTA_OBJ_TABLE, Buffer.from(`${table}\0`)),
    attribute(NFTA_OBJ_NAME, Buffer.from(`${name}\0`)),
    attribute(NFTA_OBJ_TYPE, Buffer.from([0, 0, 0, NFT_OBJECT_COUNTER])),
  ]);
  return async () => {
    const [answer] = await socket.request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETOBJ, 0, request);
    return answer === undefined ? 0 : packetsIn(answer);
  };
}

/** The packet count in an NFT_MSG_NEWOBJ payload; 0 where it carries none. */
export function packetsIn(payload: Buffer): number {
  const data = findAttribute(payload.subarray(NFGENMSG_BYTES), NFTA_OBJ_DATA);
  const packets = data && findAttribute(data, NFTA_COUNTER_PACKETS);
  return packets === undefined || packets.length < 8 ? 0 : Number(packets.readBigUInt64BE(0));
}
