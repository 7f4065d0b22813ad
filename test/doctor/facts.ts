import { readFileSync } from 'node:fs';
import type { Facts } from '../../src/doctor/facts.js';

/** What was recorded on a machine whose kernel has neither netem nor a queue, and where no journald ran. */
export const poor = JSON.parse(
  readFileSync(new URL('../fixtures/doctor/6.18.json', import.meta.url), 'utf8'),
) as Facts;

/** The same machine with something else about it. */
export function but(facts: Facts, change: (facts: Facts) => void): Facts {
  const changed = structuredClone(facts);
  change(changed);
  return changed;
}

/** What it would show if it had everything. */
export const rich = but(poor, facts => {
  facts.journald.runs = true;
  facts.machine.hasModules = true;
  for (const trial of Object.keys(facts.outcomes) as (keyof typeof facts.outcomes)[])
    facts.outcomes[trial] = { result: 'works' };
  Object.assign(facts.outcomes, {
    'source journal': { result: 'works', latencyMs: 8.7 },
    'source nflog': { result: 'works', latencyMs: 0.4 },
    'source queue': { result: 'works', latencyMs: 0.9 },
    'source bpf': { result: 'works', latencyMs: 3 },
    'hold egress': { result: 'works', latencyMs: 40.3 },
    'hold clsact': { result: 'works', latencyMs: 40.4 },
    'hold root': { result: 'works', latencyMs: 40.2 },
  });
});
