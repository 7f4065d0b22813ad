import { join, type Seen, type Sender } from './join.js';
import { now } from './lines.js';
import { openPlace, type Place } from './place.js';
import { startTool, type Patience, type Running } from './running.js';
import { percentile } from './spread.js';
import type { Tool } from './tools.js';
import type { Workload } from './workloads.js';

/** What one run of a workload showed of a tool. Times in ms. */
export interface Result {
  tool: string;
  workload: string;
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

/** What one start of a tool showed. */
export interface Start {
  tool: string;
  crowded: boolean;
  /** Or why it could not be started. */
  ready: { ms: number } | { failed: string };
  peakKib: number;
}

/** All that was measured in one place. */
export interface Measured {
  results: Result[];
  starts: Start[];
}

/** What is to be measured. */
export interface Plan {
  tools: readonly Tool[];
  /** Those of a run, from 1 on. */
  workloads(run: number): readonly Workload[];
  runs: number;
  patience: Patience;
  /** Told what is being done. */
  say(line: string): void;
}

/** Measures everything, run by run, so that no tool has all its runs in a quiet hour. */
export async function measure(plan: Plan): Promise<Measured> {
  await using place = await openPlace();
  const measured: Measured = { results: [], starts: [] };
  for (const crowded of [false, true]) {
    const workloadsOf = (run: number): Workload[] =>
      plan.workloads(run).filter(workload => workload.crowded === crowded);
    if (workloadsOf(1).length === 0) continue;
    await using _crowd = crowded ? await place.crowd() : undefined;
    for (let run = 1; run <= plan.runs; run += 1) {
      const workloads = workloadsOf(run);
      for (const tool of plan.tools) {
        plan.say(`run ${run} of ${plan.runs}${crowded ? ', crowded' : ''}: ${tool.name}`);
        for (const part of parts(workloads, tool)) {
          await measureTool(place, tool, part, { ...plan, crowded }, measured);
        }
      }
    }
  }
  return measured;
}

/** A tool that falls behind is started anew after each flood. */
function parts(workloads: readonly Workload[], { fallsBehind }: Tool): Workload[][] {
  const all: Workload[][] = [[]];
  for (const workload of workloads) {
    all.at(-1)!.push(workload);
    if (fallsBehind && workload.gapMs === 'flood') all.push([]);
  }
  return all.filter(part => part.length > 0);
}

async function measureTool(
  place: Place,
  tool: Tool,
  workloads: readonly Workload[],
  { patience, say, crowded }: Pick<Plan, 'patience' | 'say'> & { crowded: boolean },
  { results, starts }: Measured,
): Promise<void> {
  const start: Start = { tool: tool.name, crowded, ready: { ms: 0 }, peakKib: 0 };
  starts.push(start);
  try {
    await using running = await startTool(place, tool, patience);
    start.ready = { ms: running.readyMs };
    for (const workload of workloads) {
      results.push(await measureWorkload(place, tool, running, workload));
      say(`  ${JSON.stringify(results.at(-1))}`);
    }
    start.peakKib = running.account.peakKib();
  } catch (error) {
    start.ready = { failed: String(error) };
    say(`  ${String(error)}`);
  }
}

async function measureWorkload(
  place: Place,
  tool: Tool,
  running: Running,
  workload: Workload,
): Promise<Result> {
  const cpuBefore = running.account.cpuSeconds();
  const began = now();
  const senders = (await place.send(workload)).map(parseSender);
  await running.settle(began, workload.count);
  const sightings = running.lines.since(began).map(seen => onOurClock(seen, running.wallAhead));
  const { latencies, untilKnown, ...counts } = join(senders, sightings);
  const took = senders.map(sender => sender.took);
  return {
    tool: tool.name,
    workload: workload.name,
    ...counts,
    unanswered: workload.until === 'answer' ? senders.filter(({ answered }) => !answered).length : 0,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    knownP50: percentile(untilKnown, 0.5),
    knownP99: percentile(untilKnown, 0.99),
    took: percentile(took, 0.5),
    tookP99: percentile(took, 0.99),
    cpuSeconds: running.account.cpuSeconds() - cpuBefore,
  };
}

function onOurClock({ known, ...seen }: Seen, ahead: number): Seen {
  return known === undefined ? seen : { ...seen, known: known - ahead };
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
