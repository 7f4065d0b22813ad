import { parseArgs } from 'node:util';
import { machineInfo, type MachineInfo } from './machine.js';
import { measure, type Measured } from './measure.js';
import type { Patience } from './running.js';
import { tools } from './tools.js';
import { workloads, type Workload } from './workloads.js';

/** The two places that figures come from. */
export type Where = 'host' | 'vm';

/** Which part of the comparison is run, and how often. */
export interface Choice {
  runs: number;
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
  vm: { readyMs: 120_000, silentMs: 4_000, settleMs: 20_000 },
};

/** Measures each tool on each workload, here. */
export async function compare(choice: Choice, where: Where): Promise<Comparison> {
  const named = <Named extends { name: string }>(all: readonly Named[], pattern: string): Named[] =>
    all.filter(({ name }) => new RegExp(pattern).test(name));
  const measured = await measure({
    tools: named(tools, choice.tools).filter(({ only = where }) => only === where),
    workloads: run =>
      named(workloads, choice.workloads).filter(({ inVm }) => where === 'host' || isIn(inVm, run)),
    runs: choice.runs,
    patience: PATIENCE[where],
    say: line => console.error(line),
  });
  return { machine: machineInfo(), choice, ...measured };
}

function isIn(runs: Workload['inVm'], run: number): boolean {
  return runs === 'every' || (runs === 'first' && run === 1);
}

/** What stands before the JSON on stdout when this file is run in the virtual machine. */
export const MARK = 'comparison: ';

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { runs: { type: 'string' }, tools: { type: 'string' }, workloads: { type: 'string' } },
  });
  const { runs = '1', tools = '', workloads = '' } = values;
  const comparison = await compare({ runs: Number(runs), tools, workloads }, 'vm');
  console.log(`${MARK}${JSON.stringify(comparison)}`);
}
