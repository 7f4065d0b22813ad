import { constants } from 'node:os';
import { attribute, findAttribute, NLM_F_DUMP } from './message.js';
import { isErrno, type NetlinkSocket } from './socket.js';

/** The protocol that {@link linkIndex}'s socket must be opened with (linux/netlink.h). */
export const NETLINK_ROUTE = 0;

/** linux/rtnetlink.h, linux/if_link.h. */
const RTM_GETLINK = 18;
const IFLA_IFNAME = 3;
const IFINFOMSG_BYTES = 16;
/** net/if.h. */
const IFF_UP = 1;

/** A network device. */
export interface Link {
  index: number;
  name: string;
  isUp: boolean;
}

/**
 * All network devices of this network namespace.
 * @throws as {@link NetlinkSocket.request}
 */
export async function listLinks(socket: NetlinkSocket): Promise<Link[]> {
  return (await socket.request(RTM_GETLINK, NLM_F_DUMP, Buffer.alloc(IFINFOMSG_BYTES))).map(linkIn);
}

/** The device that an RTM_NEWLINK or RTM_DELLINK payload is about. */
export function linkIn(payload: Buffer): Link {
  const name = findAttribute(payload.subarray(IFINFOMSG_BYTES), IFLA_IFNAME);
  return {
    index: payload.readInt32LE(4),
    name: name?.toString('utf8').replace(/\0.*$/s, '') ?? '',
    isUp: (payload.readUInt32LE(8) & IFF_UP) !== 0,
  };
}

/**
 * The index of the network device `name` in this network namespace; undefined if there is none of that name.
 * @throws as {@link NetlinkSocket.request}
 */
export async function linkIndex(socket: NetlinkSocket, name: string): Promise<number | undefined> {
  const request = Buffer.concat([
    Buffer.alloc(IFINFOMSG_BYTES),
    attribute(IFLA_IFNAME, Buffer.from(`${name}\0`)),
  ]);
  try {
    const [answer] = await socket.request(RTM_GETLINK, 0, request);
    return answer === undefined || answer.length < IFINFOMSG_BYTES ? undefined : answer.readInt32LE(4);
  } catch (error) {
    if (isErrno(error, constants.errno.ENODEV)) return undefined;
    throw error;
  }
}

/**
 * The name of the network device of this index in this network namespace; undefined if there is none.
 * @throws as {@link NetlinkSocket.request}
 */
export async function linkName(socket: NetlinkSocket, index: number): Promise<string | undefined> {
  const request = Buffer.alloc(IFINFOMSG_BYTES);
  request.writeInt32LE(index, 4);
  try {
    const [answer] = await socket.request(RTM_GETLINK, 0, request);
    const name = answer && findAttribute(answer.subarray(IFINFOMSG_BYTES), IFLA_IFNAME);
    return name?.toString('utf8', 0, name.indexOf(0));
  } catch (error) {
    if (isErrno(error, constants.errno.ENODEV)) return undefined;
    throw error;
  }
}
