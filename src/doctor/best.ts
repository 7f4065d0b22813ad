import { delayFor } from '../match/proof.js';
import type { Facts } from './facts.js';
import type { Choice } from './report.js';
import { holds, sources, type Trial } from './trials.js';

type SourceName = keyof typeof sources;

interface Candidate extends Choice {
  /** The less the better: first whether packets are held, then for how long. */
  rank: number;
}

/** Far more than any delay. */
const UNHELD = 1e6;
/** What the queue's own risk weighs against a delay by netem, in ms. */
const QUEUE_RISK = 1e3;

/** What delays nothing and still names who sends comes after what holds for up to so many ms. */
const CALL = 1e3 - 1;

/**
 * The command lines that work on this machine, best first. What holds packets comes before what does not; netem before
 * the queue, whose packets a firewall that is reloaded at that moment can cost; then what holds them for less time.
 */
export function bestFor(facts: Facts): Choice[] {
  const names = Object.keys(sources) as SourceName[];
  const candidates = names.flatMap(name => candidate(name, facts) ?? []);
  const isUnknown = names.some(name => facts.outcomes[`source ${name}`].result === 'untried');
  if (candidates.length === 0 && isUnknown)
    return [
      {
        command: commandLine(facts, []),
        why: 'it takes the best of what it finds; sudo ptrap doctor tells what that is',
      },
    ];
  return candidates.sort((a, b) => a.rank - b.rank).map(({ command, why }) => ({ command, why }));
}

function candidate(name: SourceName, facts: Facts): Candidate | undefined {
  const outcome = facts.outcomes[`source ${name}`];
  if (outcome.result !== 'works') return undefined;
  const latencyMs = outcome.latencyMs ?? 0;
  const isDefault = name === defaultSource(facts);
  const source = isDefault ? [] : ['--source', name];
  const measured = `${name} tells of a packet within ${latencyMs.toFixed(1)} ms`;
  if (sources[name].isHeldBy === 'itself')
    return {
      rank: QUEUE_RISK,
      command: commandLine(facts, source),
      why: `${measured} and holds it until its process is known; a firewall that is reloaded at that moment can cost the packet`,
    };
  if (sources[name].isHeldBy === 'nothing')
    return {
      rank: CALL,
      command: commandLine(facts, source),
      why: `${name} names who sends, also one that ends at once, and delays no packet; it starts slowly`,
    };
  const hook = workingHold(facts);
  if (hook === undefined)
    return {
      rank: UNHELD + latencyMs,
      command: commandLine(facts, source),
      why: `${measured}; nothing is held, so who sends and ends at once may be missed`,
    };
  const delayMs = delayFor(latencyMs);
  return {
    rank: delayMs,
    command: commandLine(facts, [...source, ...(hook === 'root' ? ['--hold-strategy', 'root'] : [])]),
    why: `${measured}, netem holds it for ${delayMs} ms${hook === 'egress' ? '' : ` (${hook})`}`,
  };
}

/** What `--source auto` comes to. */
function defaultSource({ journald, outcomes }: Facts): SourceName {
  return journald.runs && outcomes['source journal'].result === 'works' ? 'journal' : 'nflog';
}

/** The first way into netem that works; root, which replaces a qdisc, is the last. */
function workingHold({ outcomes }: Facts): keyof typeof holds | undefined {
  const names = Object.keys(holds) as (keyof typeof holds)[];
  return names.find(name => outcomes[`hold ${name}` satisfies Trial].result === 'works');
}

function commandLine(
  { privileges: { uid, bySudo, sudoNode, node } }: Facts,
  flags: readonly string[],
): string {
  const isTrapped = sudoNode !== undefined && sudoNode?.path !== node.path;
  const sudo = uid === 0 && !bySudo ? [] : ['sudo', ...(isTrapped ? ['env', '"PATH=$PATH"'] : [])];
  return [...sudo, 'ptrap', 'watch', '192.168.1.1:53/udp', ...flags].join(' ');
}
