import { machineInfo, type MachineInfo } from './machine.js';
import { now } from './lines.js';
import { openHome, openPlace } from './place.js';
import { measure, type Measured, type Phase } from './measure.js';
import type { Patience } from './running.js';
import { tools, type Tool } from './tools.js';
import { workloads, type Workload } from './workloads.js';

/** Where figures come from: namespaces of this machine, the machine itself, the virtual machine. */
export type Where = 'host' | 'home' | 'vm';

/** Which part of the comparison is run, and how often. */
export interface Choice {
  runs: number;
  /** No further run is begun that would last longer. */
  minutes: number;
  /** Regular expressions on names. */
  tools: string;
  workloads: string;
}

/** The comparison's figures, and where they come from. */
export interface Comparison extends Measured {
  machine: MachineInfo;
  choice: Choice;
}

/** An emulated machine is 10 to 80 times slower. */
export const PATIENCE: Record<Where, Patience> = {
  host: { readyMs: 20_000, silentMs: 800, settleMs: 4_000 },
  home: { readyMs: 20_000, silentMs: 800, settleMs: 4_000 },
  vm: { readyMs: 120_000, silentMs: 10_000, settleMs: 60_000 },
};

/** Measures each tool on each workload, here. */
export async function compare(choice: Choice, where: Where): Promise<Comparison> {
  const named = <Named extends { name: string }>(all: readonly Named[], pattern: string): Named[] =>
    all.filter(({ name }) => new RegExp(pattern).test(name));
  const measured = await measure({
    tools: named(tools, choice.tools).filter(tool => isMeasured(tool, where)),
    open: where === 'home' ? openHome : openPlace,
    phases: phasesOf(named(workloads, choice.workloads), where, choice.runs),
    patience: PATIENCE[where],
    until: now() + choice.minutes * 60_000,
    say: line => console.error(line),
  });
  return { machine: machineInfo(), choice, ...measured };
}

function isMeasured({ only, isNamespaceBlind }: Tool, where: Where): boolean {
  if (where === 'home' && isNamespaceBlind) return false;
  return only === undefined || (only === 'vm') === (where === 'vm');
}

/** In the virtual machine there is half as much of what is sent one by one. */
function phasesOf(all: readonly Workload[], where: Where, runs: number): Phase[] {
  if (where === 'vm') {
    const halved = all
      .filter(({ inVm }) => inVm)
      .map(workload =>
        workload.gapMs === 'flood' ? workload : { ...workload, count: Math.min(workload.count, 20) },
      );
    return [{ workloads: halved, runs, crowded: false }];
  }
  const here = all.filter(({ atHome }) => atHome === (where === 'home'));
  return [false, true].map(crowded => ({
    workloads: here.filter(workload => workload.crowded === crowded),
    runs,
    crowded,
  }));
}

/** What stands before the JSON on stdout when this file is run in the virtual machine. */
export const MARK = 'comparison: ';

if (process.argv[1] === import.meta.filename) {
  const [, , choice = ''] = process.argv;
  const comparison = await compare(JSON.parse(choice) as Choice, 'vm');
  console.log(`${MARK}${JSON.stringify(comparison)}`);
}
