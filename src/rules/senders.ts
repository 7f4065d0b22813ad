import { tableName } from './ruleset.js';

/** Set of the cgroups that senders belong to, by local port: what is left to be known of one that has ended. */
export const SENDERS = 'senders';

const CHAIN = 'sender';
const KEY = 'th sport . meta l4proto';
/** A cgroup further from the root is known as its ancestor here. */
const DEEPEST = 7;

/**
 * The commands, a transaction of their own, that note the cgroup (cgroups(7), version 2) of each packet that gets into
 * one of the chains: the deepest that there is. Needs Linux 5.13 and its nft_socket.
 */
export function buildSenders(instance: string, chains: readonly string[]): string[] {
  const table = `inet ${tableName(instance)}`;
  const levels = Array.from({ length: DEEPEST + 1 }, (_, level) => `${KEY} . socket cgroupv2 level ${level}`);
  return [
    `add set ${table} ${SENDERS} { typeof ${levels[0]}; size 65536; flags dynamic,timeout; timeout 5s; }`,
    `add chain ${table} ${CHAIN}`,
    ...levels.toReversed().map(key => `add rule ${table} ${CHAIN} update @${SENDERS} { ${key} } return`),
    ...chains.map(chain => `insert rule ${table} ${chain} jump ${CHAIN}`),
  ];
}
