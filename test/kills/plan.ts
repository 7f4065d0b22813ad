import { openLots } from './lots.js';

/** What may be made to end, or to fail, under a ptrap. */
export const endings = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGKILL',
  'SIGKILL of nft',
  'SIGKILL of journalctl',
  'SIGKILL of the guard',
  'SIGKILL of the queue keeper',
  'second SIGINT',
  'terminal closed',
  'disk full',
  'plugin that never returns',
] as const;
export type Ending = (typeof endings)[number];

/** Where in a plugin something never returns; `loop` keeps the processor, too. */
export const hangs = ['apply', 'armed', 'enrich', 'report', 'done', 'dispose', 'loop'] as const;
export type Hang = (typeof hangs)[number];

type Source = 'journal' | 'nflog' | 'queue';

/** How ptrap is started, and what happens to it. */
export interface Plan {
  ending: Ending;
  /** `live`: at a moment after the start; `drain`: at a moment after it was asked to end. */
  phase: 'live' | 'drain';
  /** How far into the phase, from 0 to 1. */
  moment: number;
  source: Source;
  hold: 'none' | 'egress' | 'clsact' | 'root';
  delay: string | undefined;
  /** Index of the only device on which packets are held, else all. */
  device: number | undefined;
  processTable: boolean;
  /** What comes after an ending of which ptrap does not end. */
  last: 'SIGINT' | 'SIGKILL';
  /** How long after it, from 0 to 1. */
  pause: number;
  hang: Hang | undefined;
  /** How what is left is taken away. */
  remedy: 'cleanup' | 'next start';
}

/** What a ground can do. */
export interface Abilities {
  /** netem and nft's queue. */
  holds: boolean;
  devices: number;
}

/** Draws the kill of that number: over any dozen of them, each ending comes once. */
export function planOf(seed: number, number: number, { holds, devices }: Abilities): Plan {
  const lots = openLots(seed + Math.imul(number, 7919));
  const possible = endings.filter(ending => holds || !/guard|queue/.test(ending));
  const ending = shuffled(possible, seed + Math.floor(number / possible.length))[number % possible.length]!;
  const source = lots.one(sourcesFor(ending, holds));
  const strategy = lots.one(['egress', 'egress', 'clsact', 'root'] as const);
  const isHeld = holds && source !== 'queue' && (ending === 'SIGKILL of the guard' || lots.fraction() < 0.8);
  const hang = lots.one(hangs);
  return {
    ending,
    phase: ending === 'second SIGINT' || lots.fraction() < 0.5 ? 'drain' : 'live',
    moment: lots.fraction(),
    source,
    hold: isHeld ? strategy : 'none',
    delay: lots.one([undefined, '200ms']),
    device: lots.one([undefined, ...Array.from({ length: devices }, (_, index) => index)]),
    processTable: lots.fraction() < 0.3,
    last: lots.one(['SIGINT', 'SIGKILL']),
    pause: lots.fraction(),
    hang: ending === 'plugin that never returns' ? hang : undefined,
    remedy: lots.fraction() < 0.75 ? 'cleanup' : 'next start',
  };
}

function sourcesFor(ending: Ending, holds: boolean): Source[] {
  if (ending === 'SIGKILL of journalctl') return ['journal'];
  if (ending === 'SIGKILL of the queue keeper') return ['queue'];
  return holds && ending !== 'SIGKILL of the guard' ? ['journal', 'nflog', 'queue'] : ['journal', 'nflog'];
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const lots = openLots(seed);
  const keyed = items.map(item => [lots.fraction(), item] as const);
  return keyed.sort(([one], [other]) => one - other).map(([, item]) => item);
}

/** The arguments of `ptrap watch`. */
export function argumentsOf(plan: Plan, addresses: readonly string[]): string[] {
  const targets = plan.device === undefined ? addresses : [addresses[plan.device]!];
  const { source, hold, delay, processTable, hang } = plan;
  return [
    ...targets.map(address => `${address}:53/udp`),
    ...['--output', 'json', '--source', source],
    ...(hold === 'none' ? (source === 'queue' ? [] : ['--hold', 'none']) : ['--hold', 'netem']),
    ...(hold === 'none' ? [] : ['--hold-strategy', hold]),
    ...(delay === undefined ? [] : ['--delay', delay]),
    ...(processTable ? [] : ['--no-process-table']),
    ...(hang === undefined ? ['--no-config'] : ['--config', `/run/hang/${hang}.mjs`]),
  ];
}
