import { attribute, NLM_F_DUMP, walkAttributes } from './message.js';
import { netfilterHeader, NFGENMSG_BYTES } from './netfilter.js';
import type { NetlinkSocket } from './socket.js';

/** linux/netfilter/nf_tables.h, linux/netfilter.h */
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETSETELEM = 13;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_DATA_VALUE = 1;
const NFPROTO_INET = 1;

/**
 * All elements of a set of an `inet` table, as payloads for {@link eachKey}. NETLINK_NETFILTER is the protocol of the
 * socket. Rejects as {@link NetlinkSocket.request} does.
 */
export function listElements(socket: NetlinkSocket, table: string, set: string): Promise<Buffer[]> {
  const request = Buffer.concat([
    netfilterHeader(NFPROTO_INET, 0),
    attribute(NFTA_SET_ELEM_LIST_TABLE, Buffer.from(`${table}\0`)),
    attribute(NFTA_SET_ELEM_LIST_SET, Buffer.from(`${set}\0`)),
  ]);
  return socket.request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM, NLM_F_DUMP, request);
}

/**
 * Where the keys lie in an NFT_MSG_NEWSETELEM payload: the fields of each one after the other, padded to 4 bytes. There
 * are tens of thousands: nothing is allocated for one.
 */
export function eachKey(payload: Buffer, take: (start: number, end: number) => void): void {
  const into =
    (wanted: number, then: (start: number, end: number) => void) =>
    (type: number, start: number, end: number): void => {
      if (type === wanted) then(start, end);
    };
  const value = into(NFTA_DATA_VALUE, take);
  const key = into(NFTA_SET_ELEM_KEY, (start, end) => walkAttributes(payload, start, end, value));
  const element = into(NFTA_LIST_ELEM, (start, end) => walkAttributes(payload, start, end, key));
  const elements = into(NFTA_SET_ELEM_LIST_ELEMENTS, (start, end) =>
    walkAttributes(payload, start, end, element),
  );
  walkAttributes(payload, NFGENMSG_BYTES, payload.length, elements);
}
