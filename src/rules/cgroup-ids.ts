import { constants } from 'node:os';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { listKeys } from '../netlink/nft-elements.js';
import { isErrno, openNetlink } from '../netlink/socket.js';
import type { Teardown } from '../teardown/stack.js';
import { tableName } from './ruleset.js';
import { SENDERS } from './senders.js';

/**
 * The id (the inode of its folder) of the cgroup whose sockets have sent from a local port, by protocol number, in the
 * last seconds; undefined where none is known or there are several.
 */
export type CgroupIdOf = (protocol: number, port: number) => Promise<bigint | undefined>;

/** A listing may pass by what is there, while the kernel moves the set into a larger table. */
const LOOKS = 2;

/** Opens the set that the rules keep, before or after these are applied. */
export function openCgroupIds(teardown: Teardown, instance: string): CgroupIdOf {
  const netlink = openNetlink(NETLINK_NETFILTER);
  teardown.defer(() => netlink[Symbol.dispose]());
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<Map<string, bigint | undefined>> | undefined;

  /** What the set holds at some time after this call: those who wait share one look. */
  function look(): Promise<Map<string, bigint | undefined>> {
    next ??= last.then(() => {
      next = undefined;
      return listKeys(netlink, tableName(instance), SENDERS).then(idsIn, noneWhereNoSet);
    });
    last = next.catch(() => undefined);
    return next;
  }

  return async (protocol, port) => {
    const from = `${protocol} ${port}`;
    for (let times = 0; times < LOOKS; times += 1) {
      const ids = await look();
      if (ids.has(from)) return ids.get(from);
    }
    return undefined;
  };
}

/** Keys are: port in network order, padded to 4 bytes; protocol, padded likewise; id in host order, 8 bytes. */
export function idsIn(keys: readonly Buffer[]): Map<string, bigint | undefined> {
  const ids = new Map<string, bigint | undefined>();
  for (const key of keys) {
    if (key.length < 16) continue;
    const from = `${key[4]} ${key.readUInt16BE(0)}`;
    ids.set(from, ids.has(from) ? undefined : key.readBigUInt64LE(8));
  }
  return ids;
}

/** The kernel had no means for it, or the table has gone. */
function noneWhereNoSet(error: unknown): Map<string, bigint | undefined> {
  if (isErrno(error, constants.errno.ENOENT)) return new Map();
  throw error;
}
