import { failure, PtrapError } from '../errors.js';
import { journalRuns } from '../match/diagnose.js';
import { holdCanary, sourceCanary } from './canary.js';
import type { Outcome } from './facts.js';
import * as features from './features.js';
import { holds, sources, trials, type Feature, type Trial } from './trials.js';

// Tries what its arguments name, and tells what came of each on stdout, a JSON object a line. End-of-file on stdin ends it.

/** Gives a latency in ms, or throws. */
type Attempt = () => Promise<number | void>;

const ofFeatures: Record<Feature, Attempt> = {
  nf_tables: () => features.transaction('nf_tables'),
  owner: () => features.transaction('owner'),
  egress: () => features.transaction('egress'),
  cgroups: () => features.transaction('cgroups'),
  nflog: features.nflog,
  queue: () => features.transaction('queue'),
  ifb: features.ifb,
  netem: features.netem,
  sockDiag: features.sockDiag,
  processEvents: features.processEvents,
};

const attempts = Object.fromEntries<Attempt>([
  ...Object.entries(ofFeatures),
  ...keysOf(sources).map(name => [`source ${name}`, () => trySource(name)] as const),
  ...keysOf(holds).map(name => [`hold ${name}`, () => holdCanary(name)] as const),
]) as Record<Trial, Attempt>;

/** The canary waits for a journald that does not run. */
async function trySource(name: keyof typeof sources): Promise<number> {
  if (name === 'journal' && !(await journalRuns())) throw failure('PTRAP_E_JOURNALD_DOWN');
  return sourceCanary(name);
}

function keysOf<Key extends string>(rows: Record<Key, unknown>): Key[] {
  return Object.keys(rows) as Key[];
}

async function outcomeOf(attempt: Attempt): Promise<Outcome> {
  try {
    const latencyMs = await attempt();
    return { result: 'works', ...(latencyMs !== undefined && { latencyMs }) };
  } catch (error) {
    return failed(error);
  }
}

/** The first of several errors is the cause, the others came of it. */
function failed(error: unknown): Outcome {
  if (error instanceof AggregateError) return failed(error.errors[0]);
  if (error instanceof PtrapError) {
    const { code, what, fix } = error;
    return { result: 'fails', code, message: short(what), fix };
  }
  return { result: 'fails', message: short(error instanceof Error ? error.message : String(error)) };
}

/** Without what a tool says before it says what is wrong. */
function short(message: string): string {
  return message.replace(/^.*Error: /s, '').trim();
}

let isWanted = true;
process.stdin.on('end', () => (isWanted = false)).resume();

async function main(): Promise<void> {
  const broken = new Set<Trial>();
  for (const trial of process.argv.slice(2) as Trial[]) {
    if (!isWanted) break;
    const lacking = trials[trial].needs.find(needed => broken.has(needed));
    const outcome: Outcome =
      lacking === undefined ? await outcomeOf(attempts[trial]) : { result: 'lacks', needed: lacking };
    if (outcome.result !== 'works') broken.add(trial);
    process.stdout.write(`${JSON.stringify({ [trial]: outcome })}\n`);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
