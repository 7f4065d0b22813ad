import { attribute, eachAttribute, findAttribute, NLM_F_DUMP } from './message.js';
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
 * The keys of all elements of a set of an `inet` table: their fields one after the other, each padded to 4 bytes.
 * NETLINK_NETFILTER is the protocol of the socket. Rejects as {@link NetlinkSocket.request} does.
 */
export async function listKeys(socket: NetlinkSocket, table: string, set: string): Promise<Buffer[]> {
  const request = Buffer.concat([
    netfilterHeader(NFPROTO_INET, 0),
    attribute(NFTA_SET_ELEM_LIST_TABLE, Buffer.from(`${table}\0`)),
    attribute(NFTA_SET_ELEM_LIST_SET, Buffer.from(`${set}\0`)),
  ]);
  const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM;
  return (await socket.request(type, NLM_F_DUMP, request)).flatMap(keysIn);
}

/** The keys in an NFT_MSG_NEWSETELEM payload, views into it. */
export function keysIn(payload: Buffer): Buffer[] {
  const elements = findAttribute(payload.subarray(NFGENMSG_BYTES), NFTA_SET_ELEM_LIST_ELEMENTS);
  const keys: Buffer[] = [];
  if (elements === undefined) return keys;
  eachAttribute(elements, (type, element) => {
    const data = type === NFTA_LIST_ELEM ? findAttribute(element, NFTA_SET_ELEM_KEY) : undefined;
    const key = data && findAttribute(data, NFTA_DATA_VALUE);
    if (key) keys.push(key);
  });
  return keys;
}
