import type { Result, Step } from './kill.js';
import type { Ending, Plan } from './plan.js';

/** One row: what became of all kills by one ending. */
export interface EndingRow {
  ending: Ending;
  setup: number;
  run: number;
  teardown: number;
  /** Kills after which something was left at once, and after the next start or cleanup. */
  leftAtOnce: number;
  leftAfter: number;
  sent: number;
  lost: number;
  /** Of queue and of root, see `isKnownLoss`. */
  lostAsKnown: number;
}

/** What a run of the suite saw; docs/endings.md is made of it. */
export interface Outcome {
  ground: string;
  kernel: string;
  date: string;
  seed: number;
  slots: number;
  rows: EndingRow[];
  /** Packets that one sent later was ahead of: of what may be held, and beside it. */
  overtaken: { held: number; beside: number };
  /** How long the last process of ptrap's outlived it, in ms: in half of all kills, and at the most. */
  quietMs: { median: number; most: number };
  findings: number;
}

/**
 * Packets that the kernel drops and ptrap cannot keep: those in a queue while a base chain is unregistered
 * (nf_queue_nf_hook_drop), which the death of nft does, and those that wait in a root qdisc when it is exchanged.
 */
export function isKnownLoss({ source, ending, hold }: Plan): boolean {
  return hold === 'root' || (source === 'queue' && ending === 'SIGKILL of nft');
}

const steps: readonly Step[] = ['setup', 'run', 'teardown'];

/** Adds up what was seen. */
export function summarise(
  results: readonly Result[],
  run: Pick<Outcome, 'ground' | 'kernel' | 'date' | 'seed' | 'slots'>,
): Outcome {
  const kills = results.filter(({ step }) => steps.includes(step));
  const sum = (of: readonly Result[], value: (result: Result) => number): number =>
    of.reduce((total, result) => total + value(result), 0);
  const rowOf = (ending: Ending): EndingRow => {
    // what had ended before is no kill; its packets count all the same
    const all = results.filter(({ plan }) => plan.ending === ending);
    const of = kills.filter(({ plan }) => plan.ending === ending);
    const known = (result: Result): number => (isKnownLoss(result.plan) ? result.traffic.lost : 0);
    const at = (step: Step): number => of.filter(result => result.step === step).length;
    return {
      ending,
      setup: at('setup'),
      run: at('run'),
      teardown: at('teardown'),
      leftAtOnce: of.filter(({ leftAtOnce }) => leftAtOnce.length > 0).length,
      leftAfter: all.filter(({ leftAfter }) => leftAfter.length > 0).length,
      sent: sum(all, ({ traffic }) => traffic.sent),
      lost: sum(all, result => result.traffic.lost - known(result)),
      lostAsKnown: sum(all, known),
    };
  };
  const quiet = kills.map(({ quietMs }) => quietMs).sort((one, other) => one - other);
  return {
    ...run,
    rows: [...new Set(results.map(({ plan }) => plan.ending))].sort().map(rowOf),
    overtaken: {
      held: sum(results, ({ traffic }) => traffic.overtaken.held),
      beside: sum(results, ({ traffic }) => traffic.overtaken.beside),
    },
    quietMs: { median: quiet[quiet.length >> 1] ?? 0, most: quiet.at(-1) ?? 0 },
    findings: results.filter(({ findings }) => findings.length > 0).length,
  };
}

/** Adds a run to those before it: where it goes on with the same seed on the same ground, they become one. */
export function merge(before: readonly Outcome[], now: Outcome): Outcome[] {
  const isSame = ({ ground, seed }: Outcome): boolean => ground === now.ground && seed === now.seed;
  const earlier = before.find(isSame);
  const others = before.filter(run => run.ground !== now.ground);
  if (!earlier) return [...others, now];
  const names = [...new Set([...earlier.rows, ...now.rows].map(({ ending }) => ending))].sort();
  const rows = names.map(name => {
    const [one, other] = [earlier, now].map(({ rows: of }) => of.find(({ ending }) => ending === name));
    return one && other ? added(one, other) : (one ?? other)!;
  });
  const joined: Outcome = {
    ...now,
    rows,
    overtaken: {
      held: earlier.overtaken.held + now.overtaken.held,
      beside: earlier.overtaken.beside + now.overtaken.beside,
    },
    quietMs: {
      median: Math.max(earlier.quietMs.median, now.quietMs.median),
      most: Math.max(earlier.quietMs.most, now.quietMs.most),
    },
    findings: earlier.findings + now.findings,
  };
  return [...others, joined];
}

function added(one: EndingRow, other: EndingRow): EndingRow {
  const { ending, ...numbers } = one;
  const keys = Object.keys(numbers) as (keyof typeof numbers)[];
  return { ending, ...Object.fromEntries(keys.map(key => [key, one[key] + other[key]])) } as EndingRow;
}

/** The row of all endings together. */
export function totalOf(rows: readonly EndingRow[]): Omit<EndingRow, 'ending'> {
  const none = {
    ending: 'SIGINT',
    setup: 0,
    run: 0,
    teardown: 0,
    leftAtOnce: 0,
    leftAfter: 0,
    sent: 0,
    lost: 0,
    lostAsKnown: 0,
  } as const;
  return rows.reduce<EndingRow>(added, none);
}

/** What must be nothing, whatever was killed. */
export function clean(results: readonly Result[]): Record<string, unknown> {
  const sum = (value: (result: Result) => number): number =>
    results.reduce((total, result) => total + value(result), 0);
  return {
    findings: results.flatMap(({ findings }) => findings),
    leftAfter: results.flatMap(({ leftAfter }) => leftAfter),
    lost: sum(({ plan, traffic }) => (isKnownLoss(plan) ? 0 : traffic.lost)),
    overtakenBeside: sum(({ traffic }) => traffic.overtaken.beside),
  };
}
