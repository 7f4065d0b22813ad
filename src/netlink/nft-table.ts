import { constants } from 'node:os';
import { attribute } from './message.js';
import { netfilterHeader } from './netfilter.js';
import { isErrno, type NetlinkSocket } from './socket.js';

/** linux/netfilter/nf_tables.h, linux/netfilter.h */
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETTABLE = 1;
const NFTA_TABLE_NAME = 1;
const NFPROTO_INET = 1;

/** Whether an `inet` table is there; NETLINK_NETFILTER is the protocol of the socket. Rejects as {@link NetlinkSocket.request} does. */
export async function hasTable(socket: NetlinkSocket, name: string): Promise<boolean> {
  const named = attribute(NFTA_TABLE_NAME, Buffer.from(`${name}\0`));
  const request = Buffer.concat([netfilterHeader(NFPROTO_INET, 0), named]);
  try {
    await socket.request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, request);
    return true;
  } catch (error) {
    if (isErrno(error, constants.errno.ENOENT)) return false;
    throw error;
  }
}
