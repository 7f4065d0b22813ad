import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { failure, PtrapError } from '../errors.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { bindGroup, NFULNL_MSG_PACKET, readLogged } from '../netlink/nflog.js';
import { openPromptNetlink } from '../netlink/prompt.js';
import { isErrno } from '../netlink/socket.js';
import type { Counters } from '../rules/apply.js';
import type { Teardown } from '../teardown/stack.js';
import { openPackets } from './packets.js';
import { settle } from './settle.js';
import type { Source } from './source.js';

/** What the nflog source needs to know of the instance. */
export interface NflogOptions {
  instance: string;
  /** Canonical texts of the targets, by the index that the log prefix carries. */
  targets: readonly string[];
  counters: Counters;
  say(line: string): void;
}

/** Bytes of each packet that are read: enough for a DNS query, and for the ClientHello of a browser. */
export const SNAPLEN = 2048;

/** As much as net.core.rmem_max allows. */
const QUEUE_BYTES = 64 << 20;

/**
 * Copies the socket to stdout, past overruns (ENOBUFS, of which it says a word), until ptrap has gone or reads no more.
 * A cat that waits for a packet sees neither: the signal of its parent's death does.
 */
const RELAY =
  'while :; do setpriv --pdeathsig KILL cat && break; [ $? -gt 1 ] && break; echo overrun >&2; done';

/**
 * Reads the packets of an NFLOG group that nobody else has, without a line in any log.
 * @throws PTRAP_E_NFLOG_MISSING
 */
export async function openNflog(
  teardown: Teardown,
  { instance, targets, counters, say }: NflogOptions,
): Promise<Source> {
  const { group, socket } = await bindAnyGroup();
  const child = socket.handOver('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', RELAY]);
  const packets = openPackets(child, {
    targets,
    say,
    open: ({ type, payload }) => (type === NFULNL_MSG_PACKET ? readLogged(payload) : undefined),
    tagOf: ({ prefix }) => tagIn(prefix, instance),
  });
  teardown.defer(() => {
    packets[Symbol.dispose]();
    child.kill('SIGKILL');
  });
  return {
    name: 'nflog',
    delivery: { to: 'group', group, snaplen: SNAPLEN },
    matches: packets.matches,
    onEcho: packets.onEcho,
    settle: () => settle(counters, packets.read),
    diagnose: async () =>
      (await counters.logged()) === 0
        ? failure('PTRAP_E_PROBE_NOT_LOGGED')
        : failure('PTRAP_E_SOURCE_SILENT', 'nflog'),
  };
}

/** Groups are too many to be all taken. */
async function bindAnyGroup() {
  const socket = openPromptNetlink(NETLINK_NETFILTER, QUEUE_BYTES);
  for (let tries = 100; ; tries -= 1) {
    const group = randomInt(1024, 65_536);
    try {
      await bindGroup(socket, group, SNAPLEN);
      return { group, socket };
    } catch (error) {
      if (tries > 0 && isErrno(error, constants.errno.EBUSY)) continue;
      socket[Symbol.dispose]();
      throw error instanceof PtrapError ? failure('PTRAP_E_NFLOG_MISSING', error.message) : error;
    }
  }
}

/** What a prefix of this instance says of the rule; undefined for another's. */
function tagIn(prefix: string, instance: string): string | undefined {
  const start = `ptrap-${instance}-`;
  const colon = prefix.indexOf(':', start.length);
  return prefix.startsWith(start) && colon > 0 ? prefix.slice(start.length, colon) : undefined;
}
