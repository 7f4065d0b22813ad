import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../vm/jobs.js';
import type { Ground } from './ground.js';
import { argumentsOf, type Ending, type Plan } from './plan.js';
import type { Slot, Snapshot } from './slot.js';
import type { Account } from './traffic.js';

/** Where ptrap was; `missed`: it had ended, or what was to be killed had. */
export type Step = 'setup' | 'run' | 'teardown' | 'missed';

/** What one kill left. */
export interface Result {
  plan: Plan;
  step: Step;
  /** Parts that were not as before once every process of ptrap's had ended; and after the remedy. */
  leftAtOnce: string[];
  leftAfter: string[];
  /** From the end of ptrap to that of its last process, in ms. */
  quietMs: number;
  traffic: Account;
  /** What must not have happened, beside what is counted. */
  findings: string[];
  /** Whether the kill could not be carried out; its slot is in an unknown state then. */
  isBroken?: true;
}

/** What is to be killed, by its command line. */
const victims: Partial<Record<Ending, string>> = {
  'SIGKILL of nft': '^nft[[:space:]]-i',
  'SIGKILL of journalctl': '^journalctl',
  'SIGKILL of the guard': '(ptrap-guard|/guard.js)',
  'SIGKILL of the queue keeper': '^[^[:space:]]*node[[:space:]].*queue-keeper',
  'terminal closed': '^script',
};
const PTRAP = '^[^[:space:]]*node[[:space:]]dist/src/cli.js[[:space:]]watch';
/** ptrap goes on after these. */
const harmless: readonly Ending[] = [
  'SIGKILL of journalctl',
  'SIGKILL of the guard',
  'disk full',
  'plugin that never returns',
];

/** Starts a ptrap, does to it what the plan says, and looks at what is left. */
export async function kill(ground: Ground, slot: Slot, plan: Plan): Promise<Result> {
  const { phases, patienceMs, readyMs } = ground;
  const { ending } = plan;
  const draining = plan.source === 'queue' ? 'queue' : plan.hold === 'none' ? 'not held' : 'held';
  const before = await slot.snapshot();
  const findings: string[] = [];
  const onTerminal = ending === 'terminal closed';
  const started = performance.now();
  const job = await slot.ptrap(['watch', ...argumentsOf(plan, slot.addresses)], onTerminal);
  let isOver = false;
  let overAt = NaN;
  const over = job.end(10 * patienceMs).then(
    () => {
      isOver = true;
      overAt = performance.now();
    },
    () => undefined,
  );
  const patient = (work: Promise<unknown>): Promise<unknown> => Promise.race([work, sleep(patienceMs), over]);
  const isReady = (): boolean => job.stdout().includes('"type":"ready"');
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    if (onTerminal) await slot.hit(PTRAP, name.slice(3));
    else job.signal(name);
  };

  if (plan.phase === 'live') await Promise.race([sleep(plan.moment * (phases.start + phases.run)), over]);
  else {
    await Promise.race([job.waitFor(/"type":"ready"/, readyMs).catch(() => undefined), over]);
    if (isReady()) phases.start = 0.7 * phases.start + 0.3 * (performance.now() - started);
    else if (!isOver) findings.push('it did not become ready');
    await Promise.race([sleep(plan.pause * phases.run), over]);
    const drainedFrom = performance.now();
    await signal(ending === 'SIGKILL of the guard' ? plan.last : 'SIGINT');
    await sleep(plan.moment * phases.drain[draining]);
    if (isOver) phases.drain[draining] = 0.5 * phases.drain[draining] + 0.5 * (overAt - drainedFrom);
  }
  const step = plan.phase === 'drain' ? 'teardown' : isReady() ? 'run' : 'setup';
  const guarded = ending === 'SIGKILL of the guard' && plan.last === 'SIGKILL';
  const isLate = isOver && !guarded;
  const found = !isLate && (await apply(slot, ending, signal));
  if (harmless.includes(ending) && !isOver) {
    await Promise.race([sleep(plan.pause * phases.run), over]);
    if (plan.phase === 'live' || lastOf(plan) === 'SIGKILL') await signal(lastOf(plan));
  }
  const asked = performance.now();
  await patient(over);
  if (!isOver) findings.push('it did not end');
  const ended = performance.now();
  if (ending === 'second SIGINT' && !isLate)
    phases.drain[draining] =
      0.7 * phases.drain[draining] + 0.3 * (ended - asked + plan.moment * phases.drain[draining]);
  const quietMs = findings.length > 0 ? undefined : await slot.quiet(patienceMs);
  if (quietMs === undefined) findings.push('processes were left');
  const after = await slot.snapshot();
  const leftAtOnce = changes(before, after);
  if (quietMs === undefined) findings.push(`left: ${after.get('processes')}`);
  if (quietMs === undefined) await slot.clear();
  if (ending === 'disk full') await slot.fill(false);
  const trace = /^ +at .*\.js.*/m.exec(job.stderr())?.[0];
  if (trace !== undefined) findings.push(`${job.stderr().slice(0, 2000)}`);
  const leftAfter = leftAtOnce.length > 0 ? await remedy(ground, slot, plan, before, findings) : [];
  return {
    plan,
    step: found ? step : 'missed',
    leftAtOnce,
    leftAfter,
    quietMs: Math.round(quietMs ?? patienceMs),
    traffic: await slot.traffic.account(),
    findings: leftAfter.length + findings.length > 0 ? [...findings, told(job)] : [],
  };
}

/** False when there was nothing to be killed any more. */
async function apply(
  slot: Slot,
  ending: Ending,
  signal: (name: NodeJS.Signals) => Promise<void>,
): Promise<boolean> {
  const victim = victims[ending];
  if (victim !== undefined) return slot.hit(victim);
  if (ending === 'disk full') await slot.fill(true);
  else if (ending === 'second SIGINT') await signal('SIGINT');
  else if (ending !== 'plugin that never returns') await signal(ending as NodeJS.Signals);
  return true;
}

/** What keeps the processor hears no other signal. */
function lastOf({ hang, last }: Plan): 'SIGINT' | 'SIGKILL' {
  return hang === 'loop' ? 'SIGKILL' : last;
}

async function remedy(
  ground: Ground,
  slot: Slot,
  plan: Plan,
  before: Snapshot,
  findings: string[],
): Promise<string[]> {
  const args =
    plan.remedy === 'cleanup'
      ? ['cleanup']
      : [
          'watch',
          `${slot.addresses[0]}:53/udp`,
          ...'--hold none --source nflog --no-config --for 1 --no-process-table'.split(' '),
        ];
  const { code, stderr } = await (await slot.ptrap(args)).end(ground.patienceMs);
  if (code !== 0) findings.push(`${plan.remedy}: exit code ${code} ${stderr}`);
  await slot.quiet(ground.patienceMs);
  const after = await slot.snapshot();
  const left = changes(before, after);
  for (const part of left) findings.push(`${part} before:\n${before.get(part)}\nafter:\n${after.get(part)}`);
  return left;
}

function changes(before: Snapshot, after: Snapshot): string[] {
  return [...before].filter(([name, text]) => after.get(name) !== text).map(([name]) => name);
}

function told(job: Job): string {
  return `it said: ${job.stdout().slice(0, 300)} … ${job.stderr().slice(-1500)}`;
}
