import { constants } from 'node:os';
import ipaddr from 'ipaddr.js';
import { attribute, findAttribute } from './message.js';
import { isErrno, type NetlinkSocket } from './socket.js';

/** linux/rtnetlink.h. */
const RTM_GETROUTE = 26;
const RTMSG_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const AF = { ipv4: 2, ipv6: 10 };

/** How a route says no (ip-route(8)), and what the kernel says where there is none. */
const { ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL } = constants.errno;
const NO_WAY = [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL];

/**
 * The index of the device by which this network namespace sends to an address; undefined where it has no way there
 * (no route, or one that says unreachable, prohibit or blackhole).
 * @throws as {@link NetlinkSocket.request}
 */
export async function deviceTo(socket: NetlinkSocket, address: string): Promise<number | undefined> {
  const parsed = ipaddr.parse(address);
  const bytes = Buffer.from(parsed.toByteArray());
  const header = Buffer.alloc(RTMSG_BYTES);
  header[0] = AF[parsed.kind()];
  header[1] = bytes.length * 8;
  try {
    const [answer] = await socket.request(
      RTM_GETROUTE,
      0,
      Buffer.concat([header, attribute(RTA_DST, bytes)]),
    );
    const device = answer && findAttribute(answer.subarray(RTMSG_BYTES), RTA_OIF);
    return device === undefined || device.length < 4 ? undefined : device.readInt32LE(0);
  } catch (error) {
    if (NO_WAY.some(errno => isErrno(error, errno))) return undefined;
    throw error;
  }
}
