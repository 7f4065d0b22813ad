import type { Ground } from './ground.js';
import { kill, type Result } from './kill.js';
import { planOf, type Plan } from './plan.js';
import { BESIDE_JOURNAL, openSlot } from './slot.js';

/** What a run of the suite is. */
export interface SuiteOptions {
  seed: number;
  /** Number of the first kill: a run may go on where another with this seed ended. */
  first?: number;
  kills: number;
  /** How many ptraps at once, each in namespaces of its own. */
  slots: number;
  /** No kill is begun after so many ms. */
  mostMs?: number;
  /** Hears of each kill. */
  say(line: string): void;
}

/** Ends so many ptraps; one that had ended before it could be killed does not count, and another takes its place. */
export async function runSuite(ground: Ground, options: SuiteOptions): Promise<Result[]> {
  const { seed, first = 0, kills, slots, mostMs = Infinity, say } = options;
  const started = performance.now();
  const results: Result[] = [];
  let number = first;
  let hit = 0;
  let underWay = 0;

  async function work(index: number): Promise<void> {
    const slot = await openSlot(ground, index);
    await slot.traffic.account();
    while (hit + underWay < kills && performance.now() - started < mostMs) {
      const mine = number++;
      const plan = planOf(seed, mine, ground);
      underWay += 1;
      const result = await kill(ground, slot, plan)
        .catch((error: unknown) => broken(plan, error))
        .finally(() => (underWay -= 1));
      if (result.step !== 'missed') hit += 1;
      results.push(result);
      say(lineOf(mine, result));
      for (const finding of result.findings) say(`  FOUND ${finding}`);
      if (result.isBroken) return; // the other slots go on
    }
  }

  await Promise.all(Array.from({ length: slots }, (_, index) => work(index)));
  await (await (await openSlot(ground, slots)).ptrap(['cleanup'])).end(ground.patienceMs);
  const left = (await ground.machine.run(BESIDE_JOURNAL)).stdout;
  if (left !== '') throw new Error(`beside the journal is left: ${left}`);
  return results;
}

/** A kill of which nothing is known: the machine did not do what it was told. */
function broken(plan: Plan, error: unknown): Result {
  return {
    plan,
    step: 'missed',
    leftAtOnce: [],
    leftAfter: [],
    quietMs: 0,
    traffic: { sent: 0, lost: 0, overtaken: { held: 0, beside: 0 } },
    findings: [String(error)],
    isBroken: true,
  };
}

function lineOf(number: number, { plan, step, leftAtOnce, leftAfter, quietMs, traffic }: Result): string {
  const { ending, source, hold, hang, last, remedy } = plan;
  return [
    `${number}: ${ending}${hang ? ` (${hang}, ${last})` : ''} in ${step}; ${source}, ${hold};`,
    `${quietMs} ms; left ${leftAtOnce.join(', ') || 'nothing'}`,
    ...(leftAtOnce.length > 0 ? [`after ${remedy} ${leftAfter.join(', ') || 'nothing'}`] : []),
    `; sent ${traffic.sent}, lost ${traffic.lost}, overtaken ${traffic.overtaken.held} and ${traffic.overtaken.beside} beside`,
  ].join(' ');
}
