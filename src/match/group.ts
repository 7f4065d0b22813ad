import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { failure, PtrapError } from '../errors.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { bindGroup } from '../netlink/nflog.js';
import { openPromptNetlink } from '../netlink/prompt.js';
import { relayPastOverruns } from '../netlink/relay.js';
import { isErrno } from '../netlink/socket.js';
import type { Child } from '../sys/exec.js';

/** An NFLOG group that nobody else has, and the child that copies its messages to its stdout. SIGKILL ends it. */
export interface Group {
  group: number;
  child: Omit<Child, 'stdin'>;
}

/** As much as net.core.rmem_max allows. */
const QUEUE_BYTES = 64 << 20;
/** Groups are too many to be all taken. */
const TRIES = 100;

/**
 * Takes a group whose packets come with their first `snaplen` bytes.
 * @throws PTRAP_E_NFLOG_MISSING
 */
export async function openGroup(snaplen: number): Promise<Group> {
  const socket = openPromptNetlink(NETLINK_NETFILTER, QUEUE_BYTES);
  for (let tries = TRIES; ; tries -= 1) {
    const group = randomInt(1024, 65_536);
    try {
      await bindGroup(socket, group, snaplen);
      return { group, child: relayPastOverruns(socket) };
    } catch (error) {
      if (tries > 0 && isErrno(error, constants.errno.EBUSY)) continue;
      socket[Symbol.dispose]();
      throw error instanceof PtrapError ? failure('PTRAP_E_NFLOG_MISSING', error.message) : error;
    }
  }
}
