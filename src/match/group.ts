import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { failure, PtrapError } from '../errors.js';
import { openDirectNetlink, type DirectNetlink } from '../netlink/direct.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { bindGroup } from '../netlink/nflog.js';
import { isErrno } from '../netlink/socket.js';

/** An NFLOG group that nobody else has, and the socket that its packets come to. */
export interface Group {
  group: number;
  socket: DirectNetlink;
}

/** Room for some thousand packets, while we are busy. */
const QUEUE_BYTES = 4 << 20;
/** Groups are too many to be all taken. */
const TRIES = 100;

/**
 * Takes a group whose packets come with their first `snaplen` bytes.
 * @throws PTRAP_E_NFLOG_MISSING
 */
export async function openGroup(snaplen: number): Promise<Group> {
  const socket = openDirectNetlink(NETLINK_NETFILTER, { queueBytes: QUEUE_BYTES, isBeyondMax: true });
  for (let tries = TRIES; ; tries -= 1) {
    const group = randomInt(1024, 65_536);
    try {
      await bindGroup(socket, group, snaplen);
      return { group, socket };
    } catch (error) {
      if (tries > 0 && isErrno(error, constants.errno.EBUSY)) continue;
      socket[Symbol.dispose]();
      throw error instanceof PtrapError ? failure('PTRAP_E_NFLOG_MISSING', error.message) : error;
    }
  }
}
