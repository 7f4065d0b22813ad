import { ask, must } from '../sys/exec.js';
import { failure } from '../errors.js';
import type { Command } from './ifb.js';
import type { TcMatch } from './tc-match.js';

/** A filter of tc, as far as it takes to name it. */
export interface Filter {
  protocol: string;
  pref: number;
  kind: string;
  handle: string;
  /** What its action was marked with, in hex. */
  cookie?: string;
}

/** Where filters are on a device: clsact's egress, or a qdisc. */
export type Place = readonly ['egress' | 'ingress'] | readonly ['parent', handle: string];

/** What marks the filters of an instance, in hex. */
export function cookieOf(instance: string): string {
  return Buffer.from(`ptrap${instance}`).toString('hex');
}

/** The commands that send what matches through the ifb. What `prefs` names must be used by nobody else. */
export function filterCommands(
  device: string,
  place: Place,
  { prefs, matches, ifb, cookie }: FilterOptions,
): Command[] {
  return matches.map(({ protocol, expression }, index) => [
    ...['tc', 'filter', 'add', 'dev', device, ...place, 'protocol', protocol, 'pref', prefs[protocol]],
    ...['handle', `0x${(index + 1).toString(16)}`, 'basic', 'match', expression],
    ...['action', 'mirred', 'egress', 'redirect', 'dev', ifb, 'cookie', cookie],
  ]) as unknown as Command[];
}

export interface FilterOptions {
  /** A pref of its own for each protocol: a pref belongs to one protocol and kind. */
  prefs: Record<TcMatch['protocol'], string>;
  matches: readonly TcMatch[];
  ifb: string;
  cookie: string;
}

/**
 * Filters in that place; none where there is no such device or place.
 * @throws PTRAP_E_COMMAND
 */
export async function listFilters(device: string, place: Place): Promise<Filter[]> {
  const args = ['filter', 'show', 'dev', device, ...place];
  const { code, stdout, stderr } = await ask('tc', args);
  if (code === 0) return parseFilters(stdout);
  if (/Cannot find device|Parent Qdisc doesn't exist/.test(stderr)) return [];
  throw failure('PTRAP_E_COMMAND', ['tc', ...args].join(' '), stderr);
}

/** Reads `tc filter show`; its JSON is not valid for every kind (iproute2 6.1). */
export function parseFilters(text: string): Filter[] {
  return text.split(/^(?=filter )/m).flatMap(block => {
    const [, protocol = '', pref, kind = '', handle] =
      /^filter (?:parent \S+ )?protocol (\S+) pref (\d+) (\S+)(?: chain \d+)?(?:.*? (?:handle|fh) (\S+))?/.exec(
        block,
      ) ?? [];
    if (pref === undefined) return [];
    const cookie = /^\s*cookie ([0-9a-f]+)$/m.exec(block)?.[1];
    return [{ protocol, pref: Number(pref), kind, handle: handle ?? '', ...(cookie ? { cookie } : {}) }];
  });
}

/** Removes the filters with that cookie, and no other: by pref, protocol, kind and handle, since a pref alone means everybody's. */
export async function removeFilters(device: string, place: Place, cookie: string): Promise<void> {
  const ours = (await listFilters(device, place)).filter(filter => filter.cookie === cookie);
  for (const { protocol, pref, kind, handle } of ours) {
    const name = ['protocol', protocol, 'pref', String(pref), 'handle', handle, kind];
    await must('tc', ['filter', 'del', 'dev', device, ...place, ...name]).catch(async (error: unknown) => {
      // another process that cleans up may have been quicker
      const still = (await listFilters(device, place)).some(
        filter => filter.pref === pref && filter.handle === handle && filter.cookie === cookie,
      );
      if (still) throw error;
    });
  }
}
