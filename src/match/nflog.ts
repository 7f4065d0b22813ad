import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { failure, PtrapError } from '../errors.js';
import { linkName, NETLINK_ROUTE } from '../netlink/link.js';
import { messagesOf } from '../netlink/message.js';
import { NETLINK_NETFILTER } from '../netlink/netfilter.js';
import { bindGroup, NFULNL_MSG_PACKET, readLogged, type LoggedPacket } from '../netlink/nflog.js';
import { openPromptNetlink } from '../netlink/prompt.js';
import { hearRelay } from '../netlink/relay.js';
import { isErrno, openNetlink } from '../netlink/socket.js';
import type { Counters } from '../rules/apply.js';
import { isoTime, openClock } from '../sys/clock.js';
import type { Teardown } from '../teardown/stack.js';
import { openDeviceNames } from './device-names.js';
import { parsePacket } from './packet.js';
import { settle } from './settle.js';
import { openSorting } from './sorting.js';
import type { Arrival, Source } from './source.js';
import { openStream } from './stream.js';

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

/** An overrun is told this often, in ms. */
const TELL_EVERY_MS = 10_000;

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
export async function openNflog(teardown: Teardown, options: NflogOptions): Promise<Source> {
  const { instance, targets, counters, say } = options;
  const { group, socket } = await bindAnyGroup();
  const route = openNetlink(NETLINK_ROUTE);
  const deviceName = openDeviceNames(index => linkName(route, index));
  const { sort, onEcho, read } = openSorting(targets);
  const logged = openStream<{ at: string; packet: LoggedPacket }>();
  const now = openClock();

  const child = socket.handOver('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', RELAY]);
  child.stderr.on('data', told(say));
  const relay = hearRelay(child, {
    onMessages(bytes) {
      const at = isoTime(String(now()));
      for (const { type, payload } of messagesOf(bytes)) {
        const packet = type === NFULNL_MSG_PACKET ? readLogged(payload) : undefined;
        if (packet) logged.push({ at, packet });
      }
    },
    onEnd: () => logged.end(failure('PTRAP_E_SOURCE_ENDED')),
  });
  teardown.defer(() => {
    relay[Symbol.dispose]();
    child.kill('SIGKILL');
    route[Symbol.dispose]();
    logged.end();
  });

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const { at, packet } of logged.items) {
      const tag = tagIn(packet.prefix, instance);
      const parsed = tag === undefined ? undefined : parsePacket(packet.packet);
      if (tag === undefined || !parsed) continue;
      const { uid, gid } = packet;
      const oif = deviceName.known(packet.oif) ?? (await deviceName.ask(packet.oif));
      const match = sort({ tag, at, flow: { ...parsed.flow, oif, uid, gid } });
      if (match) yield { match, payload: parsed.payload };
    }
  }

  return {
    name: 'nflog',
    delivery: { to: 'group', group, snaplen: SNAPLEN },
    matches: matches(),
    onEcho,
    settle: () => settle(counters, read),
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

/** Says that packets were lost, at the start of a burst and then only now and then. */
function told(say: (line: string) => void): () => void {
  let toldAt = -Infinity;
  return () => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    say('packets come faster than they are read: those missed are counted as lost');
  };
}
