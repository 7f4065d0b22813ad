import { now } from './lines.js';
import type { Place } from './place.js';
import { startTool, type Patience } from './running.js';
import { measureWorkload, type Result } from './score.js';
import type { Tool } from './tools.js';
import type { Workload } from './workloads.js';

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

/** Workloads that are measured together, run by run, so that no tool has all its runs in a quiet hour. */
export interface Phase {
  workloads: readonly Workload[];
  runs: number;
  /** On a machine with 2,000 more processes. */
  crowded: boolean;
}

/** What is to be measured. */
export interface Plan {
  open(): Promise<Place>;
  tools: readonly Tool[];
  phases: readonly Phase[];
  patience: Patience;
  /** No run but a phase's first is begun that would probably last longer than that (on the clock of now()). */
  until: number;
  /** Told what is being done. */
  say(line: string): void;
}

/** Measures everything. */
export async function measure(plan: Plan): Promise<Measured> {
  await using place = await plan.open();
  const measured: Measured = { results: [], starts: [] };
  for (const phase of plan.phases) {
    if (phase.workloads.length > 0) await measurePhase(place, phase, plan, measured);
  }
  return measured;
}

async function measurePhase(place: Place, phase: Phase, plan: Plan, measured: Measured): Promise<void> {
  const { runs, crowded, workloads } = phase;
  await using _crowd = crowded ? await place.crowd() : undefined;
  for (let [run, longest] = [1, 0]; run <= runs && (run === 1 || now() + longest < plan.until); run += 1) {
    const began = now();
    for (const tool of plan.tools) {
      plan.say(`run ${run} of ${runs}${crowded ? ', crowded' : ''}: ${tool.name}`);
      for (const part of parts(workloads, tool)) {
        await measureTool(place, tool, { ...phase, workloads: part }, plan, measured);
      }
    }
    longest = Math.max(longest, now() - began);
  }
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
  { workloads, crowded }: Phase,
  { patience, say }: Plan,
  { results, starts }: Measured,
): Promise<void> {
  const start: Start = { tool: tool.name, crowded, ready: { ms: 0 }, peakKib: 0 };
  starts.push(start);
  try {
    await using running = await startTool(place, tool, patience);
    start.ready = { ms: running.readyMs };
    for (const workload of workloads) {
      const result = await measureWorkload(place, tool, running, workload);
      running.requireAlive();
      results.push(result);
      say(`  ${JSON.stringify(results.at(-1))}`);
    }
    start.peakKib = running.account.peakKib();
    say(`  ${JSON.stringify(start)}`);
  } catch (error) {
    start.ready = { failed: String(error) };
    say(`  ${String(error)}`);
  }
}
