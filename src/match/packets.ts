import { connectionOf } from '../connection.js';
import { failure } from '../errors.js';
import type { Feed, FeedListener } from '../netlink/feed.js';
import { linkName, NETLINK_ROUTE } from '../netlink/link.js';
import { messagesOf, type NetlinkMessage } from '../netlink/message.js';
import { openNetlink } from '../netlink/socket.js';
import { isoTime, openClock } from '../sys/clock.js';
import { openDeviceNames } from './device-names.js';
import { overrunTeller } from './overrun.js';
import { parsePacket } from './packet.js';
import { openSorting, type Sorting } from './sorting.js';
import type { Arrival } from './source.js';
import { openStream } from './stream.js';

/** A packet as the kernel hands it over. */
export interface Captured {
  /** From the network header on, cut at the snaplen. */
  packet: Buffer;
  /** Index of the device that it leaves by; 0 for none. */
  oif: number;
  /** Of the one that it came in by; 0 for one that this machine sends itself. */
  iif: number;
  /** Owner of the sending socket's file; null where there is none. */
  uid: number | null;
  gid: number | null;
}

/** One that has come, when by the wall clock, and by performance.now(). */
interface Came<Packet> {
  at: string;
  arrived: number;
  packet: Packet;
}

/** What makes matches of messages. */
export interface PacketsOptions<Packet extends Captured> {
  /** Canonical texts of the targets, by index. */
  targets: readonly string[];
  say(line: string): void;
  /** Reads a message; undefined for one that is none of ours. */
  open(message: NetlinkMessage): Packet | undefined;
  /** The rule that brought it; undefined when that is not this instance's. */
  tagOf(packet: Packet): string | undefined;
  /** Where packets are held: queues one up behind others of its connection, and gives what lets it go. */
  hold?: (connection: string, packet: Packet) => () => void;
}

/** What may wait to be read, in bytes: what the kernel's buffer cannot take beyond that is lost, and counted so. */
const MOST_UNREAD = 2 << 20;
/** What a small packet takes beside its own bytes. */
const OVERHEAD = 256;

/** Matches out of packets. */
export interface Packets extends Disposable, Pick<Sorting, 'onEcho'> {
  /** Settles when the first message has come, of whatever kind, or none will. */
  readonly up: Promise<void>;
  readonly matches: AsyncIterable<Arrival>;
  readonly sorting: Sorting;
  /** From now on the end of the feed is no failure. */
  close(): void;
}

/** Reads packets from a feed. */
export function openPackets<Packet extends Captured>(
  openFeed: (listener: FeedListener) => Feed,
  { targets, say, open, tagOf, hold }: PacketsOptions<Packet>,
): Packets {
  const route = openNetlink(NETLINK_ROUTE);
  const deviceName = openDeviceNames(index => linkName(route, index));
  const sorting = openSorting(targets);
  const captured = openStream<Came<Packet>>();
  let unread = 0;
  const now = openClock();
  let isClosing = false;
  let isUp: () => void;
  const up = new Promise<void>(resolve => (isUp = resolve));

  const feed = openFeed({
    onMessages(bytes) {
      isUp();
      const [at, arrived] = [isoTime(String(now())), performance.now()];
      for (const message of messagesOf(Buffer.from(bytes))) {
        const packet = open(message);
        if (!packet) continue;
        unread += sizeOf(packet);
        captured.push({ at, arrived, packet });
      }
      if (unread > MOST_UNREAD) feed.pause();
    },
    onOverrun: overrunTeller(say),
    onEnd() {
      isUp();
      captured.end(isClosing ? undefined : failure('PTRAP_E_SOURCE_ENDED'));
    },
  });

  async function arrivalOf({ at, arrived, packet: whole }: Came<Packet>): Promise<Arrival | undefined> {
    const { oif, iif, uid, gid, packet } = whole;
    const tag = tagOf(whole);
    const parsed = parsePacket(packet);
    const release = hold?.(parsed ? connectionOf(parsed.flow) : '', whole);
    if (tag !== undefined && parsed) {
      const name = async (index: number) => deviceName.known(index) ?? (await deviceName.ask(index));
      const from = iif === 0 ? {} : { iif: await name(iif) };
      const flow = { ...parsed.flow, oif: deviceName.known(oif) ?? (await name(oif)), ...from, uid, gid };
      const match = sorting.sort({ tag, at, flow });
      if (match) return { match, arrived, payload: parsed.payload, ...(release && { release }) };
    }
    release?.();
    return undefined;
  }

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const came of captured.items) {
      unread -= sizeOf(came.packet);
      if (unread <= MOST_UNREAD / 2) feed.resume();
      const arrival = await arrivalOf(came);
      if (arrival) yield arrival;
    }
  }

  return {
    up,
    matches: matches(),
    onEcho: sorting.onEcho,
    sorting,
    close: () => void (isClosing = true),
    [Symbol.dispose]() {
      feed[Symbol.dispose]();
      route[Symbol.dispose]();
      captured.end();
    },
  };
}

function sizeOf({ packet }: Captured): number {
  return packet.length + OVERHEAD;
}
