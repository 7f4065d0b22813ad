import { constants } from 'node:os';
import ipaddr from 'ipaddr.js';
import { attribute, findAttribute } from './message.js';
import { isErrno, type NetlinkSocket } from './socket.js';

/** linux/rtnetlink.h. */
const RTM_GETROUTE = 26;
const RTMSG_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const AF = { ipv4: 2, ipv6: 10 };

/** How a route says no (ip-route(8)), and what the kernel says where there is none. */
const { ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL } = constants.errno;
const NO_WAY = [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL];

/** How packets get to an address. */
export interface Route {
  /** Index of the device. */
  device: number;
  /** The address that they are sent from unless their socket has one; undefined where the kernel names none. */
  source: Buffer | undefined;
}

/**
 * The index of the device by which this network namespace sends to an address; undefined where it has no way there
 * (no route, or one that says unreachable, prohibit or blackhole).
 * @throws as {@link NetlinkSocket.request}
 */
export async function deviceTo(socket: NetlinkSocket, address: string): Promise<number | undefined> {
  return (await routeTo(socket, address))?.device;
}

/**
 * How this network namespace sends to an address; undefined where it has no way there, as above.
 * @throws as {@link NetlinkSocket.request}
 */
export async function routeTo(socket: NetlinkSocket, address: string): Promise<Route | undefined> {
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
    const attributes = answer?.subarray(RTMSG_BYTES);
    const device = attributes && findAttribute(attributes, RTA_OIF);
    if (attributes === undefined || device === undefined || device.length < 4) return undefined;
    return { device: device.readInt32LE(0), source: findAttribute(attributes, RTA_PREFSRC) };
  } catch (error) {
    if (NO_WAY.some(errno => isErrno(error, errno))) return undefined;
    throw error;
  }
}
