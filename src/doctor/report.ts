import { z } from 'zod';
import { bestFor } from './best.js';
import { checks } from './checks.js';
import type { Facts } from './facts.js';

/** What `ptrap doctor --json` prints: one object. It grows only by adding. */

const check = z.strictObject({
  group: z.enum(['Privileges', 'Tools', 'Kernel', 'Journal', 'Sources', 'Holds']),
  name: z.string(),
  status: z
    .enum(['ok', 'gap', 'blocker', 'unknown'])
    .describe('gap: ptrap does without; blocker: nothing can be watched; unknown: it could not be tried'),
  found: z.string(),
  latencyMs: z
    .number()
    .optional()
    .describe(
      'of a source: from send to resolved match, the slowest of 8; of a hold: how long a packet was held that was to be for 40 ms',
    ),
  costs: z.string().optional().describe('what goes without it'),
  cure: z.string().optional().describe('the command, or what else closes the gap'),
});

const choice = z.strictObject({ command: z.string(), why: z.string() });

export const report = z.strictObject({
  schema: z.literal(1),
  type: z.literal('doctor'),
  ptrap: z.string().describe('version'),
  kernel: z.string(),
  arch: z.string(),
  distribution: z.string(),
  uid: z.int(),
  checks: z.array(check),
  modulesLoaded: z.array(z.string()).describe('kernel modules that the trials had loaded; they stay'),
  best: choice.nullable().describe('the command line for this machine; null when nothing can work'),
  alternatives: z.array(choice),
});

export type Check = z.infer<typeof check>;
export type Choice = z.infer<typeof choice>;
export type Report = z.infer<typeof report>;

/** Judges what was found on a machine. Pure. */
export function judge(facts: Facts): Report {
  const { ptrap, machine, privileges, modulesLoaded } = facts;
  const judged = checks.map(({ group, name, judge }) => ({ group, name, ...judge(facts) }));
  const isBlocked = judged.some(({ status }) => status === 'blocker');
  const [best = null, ...alternatives] = isBlocked ? [] : bestFor(facts);
  return {
    schema: 1,
    type: 'doctor',
    ptrap,
    kernel: machine.kernel,
    arch: machine.arch,
    distribution: machine.distribution,
    uid: privileges.uid,
    checks: judged,
    modulesLoaded,
    best,
    alternatives,
  };
}
