import { setTimeout as sleep } from 'node:timers/promises';
import { join, type Seen, type Sender } from './join.js';
import { now } from './lines.js';
import type { Place } from './place.js';
import type { Running } from './running.js';
import { percentile } from './spread.js';
import type { Tool } from './tools.js';
import type { Workload } from './workloads.js';

/** What one run of a workload showed of a tool. Times in ms. */
export interface Result {
  tool: string;
  workload: string;
  /** How many senders there were. */
  count: number;
  named: number;
  wrong: number;
  unknown: number;
  /** Senders that waited for an answer in vain. */
  unanswered: number;
  /** From send to sighting. */
  p50: number | undefined;
  p99: number | undefined;
  /** From send until the tool knew, where it tells. */
  knownP50: number | undefined;
  knownP99: number | undefined;
  /** How long it took a sender to get what it wanted: the middle and the slow ones. */
  took: number | undefined;
  tookP99: number | undefined;
  cpuSeconds: number;
}

/** One run of a workload, of a tool that is in place. */
export async function measureWorkload(
  place: Place,
  tool: Tool,
  running: Running,
  workload: Workload,
): Promise<Result> {
  await sleep(workload.restMs);
  const cpuBefore = running.account.cpuSeconds();
  const began = now();
  const senders = (await place.send(workload)).map(parseSender);
  await running.settle(began, workload.count);
  const sightings = running.lines
    .since(began)
    .map(seen => onOurClock(seen, running.wallAhead))
    .filter(({ packetAt = began }) => packetAt >= began); // a tool that fell behind still tells of what came before
  const { latencies, untilKnown, ...counts } = join(senders, sightings);
  const known = workload.gapMs === 'flood' ? [] : untilKnown; // in a flood they wait for a turn that is not told
  const took = senders.map(sender => sender.took);
  return {
    tool: tool.name,
    workload: workload.name,
    count: senders.length,
    ...counts,
    unanswered: workload.until === 'answer' ? senders.filter(({ answered }) => !answered).length : 0,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    knownP50: percentile(known, 0.5),
    knownP99: percentile(known, 0.99),
    took: percentile(took, 0.5),
    tookP99: percentile(took, 0.99),
    cpuSeconds: running.account.cpuSeconds() - cpuBefore,
  };
}

function onOurClock({ known, packetAt, ...seen }: Seen, ahead: number): Seen {
  return {
    ...seen,
    ...(known !== undefined && { known: known - ahead }),
    ...(packetAt !== undefined && { packetAt: packetAt - ahead }),
  };
}

/** A line of bench/workload/senders.pl. @throws when it is not a result */
export function parseSender(line: string): Sender {
  if (!/^\d+ \d+ [\d.]+ [\d.]+ [01] [\d,]+$/.test(line)) throw new Error(`a sender failed: ${line}`);
  const [pid, port, started, took, answered, holders = ''] = line.split(' ');
  return {
    pid: Number(pid),
    port: Number(port),
    started: Number(started),
    took: Number(took),
    answered: answered === '1',
    holders: holders.split(',').map(Number),
  };
}
