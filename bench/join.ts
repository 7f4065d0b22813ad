/** A process that sent, as it told itself. Times are on CLOCK_MONOTONIC, in ms. */
export interface Sender {
  pid: number;
  /** Its source port; the kernel gives the same one to several senders, one after the other. */
  port: number;
  /** Just before its connect() or sendto(). */
  started: number;
  /** Until it had what it wanted. */
  took: number;
  /** Whether the answer came; false also where it did not wait for one. */
  answered: boolean;
  /** Every process that held the socket, itself among them. */
  holders: readonly number[];
}

/** What a tool said about one packet. */
export interface Sighting {
  /** The processes that it named; none where it said that it did not know. */
  pids: readonly number[];
  /** The source port, where the tool tells it. */
  port?: number;
  /** When the packet was seen, where the tool tells that: ms since the epoch; of a sighting that is joined, on CLOCK_MONOTONIC. */
  packetAt?: number;
  /** When it knew, where the tool tells that: ms since the epoch; of a sighting that is joined, on CLOCK_MONOTONIC. */
  known?: number;
}

/** A sighting, and when its line reached us: CLOCK_MONOTONIC, in ms. */
export interface Seen extends Sighting {
  at: number;
}

/** How a tool did. */
export interface Score {
  /** Senders that were named: the sender is among those named, and every one of those held the socket. */
  named: number;
  /** Different answers that named a process that had not sent. */
  wrong: number;
  /** Sightings that said that the sender is not known. */
  unknown: number;
  /** From the start of each sender that was named to its sighting, in ms. */
  latencies: number[];
  /** And until the tool knew, where it tells. */
  untilKnown: number[];
}

/**
 * Joins sightings with senders by process and source port, and by time: a sender must have started when its sighting
 * came. Port numbers come back, so a sender is named by one sighting only; telling the same again is not counted.
 */
export function join(senders: readonly Sender[], sightings: readonly Seen[]): Score {
  const named = new Set<Sender>();
  const wrong = new Set<string>();
  const latencies: number[] = [];
  const untilKnown: number[] = [];
  let unknown = 0;
  for (const seen of [...sightings].sort((a, b) => a.at - b.at)) {
    const right = senders.filter(sender => fits(sender, seen) && names(seen, sender));
    const sender = right.findLast(one => !named.has(one));
    if (sender) {
      named.add(sender);
      latencies.push(seen.at - sender.started);
      if (seen.known !== undefined) untilKnown.push(seen.known - sender.started);
    } else if (seen.pids.length === 0) unknown += 1;
    else if (right.length === 0) wrong.add(`${seen.port} ${seen.pids.join(' ')}`);
  }
  return { named: named.size, wrong: wrong.size, unknown, latencies, untilKnown };
}

function fits({ started, port }: Sender, seen: Seen): boolean {
  return started <= seen.at && (seen.port === undefined || seen.port === port);
}

function names({ pids }: Seen, { pid, holders }: Sender): boolean {
  return pids.includes(pid) && pids.every(named => holders.includes(named));
}
