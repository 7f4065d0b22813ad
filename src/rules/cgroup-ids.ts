import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { eachKey, listElements } from '../netlink/nft-elements.js';
import { isErrno, openNetlink } from '../netlink/socket.js';
import { shareRuns } from '../sys/shared-run.js';
import type { Teardown } from '../teardown/stack.js';
import { tableName } from './ruleset.js';
import { SENDERS } from './senders.js';

/**
 * The id (the inode of its folder) of the cgroup whose sockets have sent from a local port, by protocol number, in the
 * last seconds; undefined where none is known or there are several.
 * @param since when the packet had been sent (performance.now()): what was listed after that will do
 */
export type CgroupIdOf = (protocol: number, port: number, since: number) => Promise<bigint | undefined>;

/** What the set held, and when it was asked for (performance.now()). */
interface Listing {
  asked: number;
  ids: ReturnType<typeof idsIn>;
}

/** Listings that are asked for at the most: one may pass by what is there, while the kernel moves the set into a larger table. */
const LOOKS = 2;
/** How long that may take, in ms. */
const MOVE_MS = 10;

/** Opens the set that the rules keep, before or after these are applied. */
export function openCgroupIds(teardown: Teardown, instance: string): CgroupIdOf {
  const netlink = openNetlink(NETLINK_NETFILTER);
  teardown.defer(() => netlink[Symbol.dispose]());
  let latest: Listing = { asked: -Infinity, ids: new Map() };

  async function list(): Promise<void> {
    const asked = performance.now();
    const payloads = await listElements(netlink, tableName(instance), SENDERS).catch(noneWhereNoSet);
    latest = { asked, ids: idsIn(payloads) };
  }

  const look = shareRuns(list);

  return async (protocol, port, since) => {
    const from = keyOf(protocol, port);
    for (let looks = 0; ; looks += 1) {
      if (latest.asked > since && latest.ids.has(from)) return latest.ids.get(from);
      if (looks === LOOKS) return undefined;
      if (looks > 0) await sleep(MOVE_MS);
      await look();
    }
  };
}

function keyOf(protocol: number, port: number): number {
  return protocol * 0x1_0000 + port;
}

/** Fields of a key: port in network order, padded to 4 bytes; protocol, padded likewise; id in host order, 8 bytes. */
const KEY = { port: 0, protocol: 4, id: 8, bytes: 16 };

/**
 * The ids by protocol times 65,536 plus port; undefined where there are several. One that comes into the set while the
 * kernel lists it may put another into the listing twice.
 */
export function idsIn(payloads: readonly Buffer[]): Map<number, bigint | undefined> {
  const ids = new Map<number, bigint | undefined>();
  for (const payload of payloads) {
    eachKey(payload, (start, end) => {
      if (end - start < KEY.bytes) return;
      const from = keyOf(payload[start + KEY.protocol]!, payload.readUInt16BE(start + KEY.port));
      const id = payload.readBigUInt64LE(start + KEY.id);
      ids.set(from, ids.has(from) && ids.get(from) !== id ? undefined : id);
    });
  }
  return ids;
}

/** The kernel had no means for it, or the table has gone. */
function noneWhereNoSet(error: unknown): Buffer[] {
  if (isErrno(error, constants.errno.ENOENT)) return [];
  throw error;
}
