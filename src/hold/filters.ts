import { failure } from '../errors.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import {
  attributesOf,
  deleteFilter,
  dumpFilters,
  TCA_OPTIONS,
  typeOf,
  type TrafficObject,
} from '../netlink/traffic-control.js';
import { ask } from '../sys/exec.js';
import type { Command } from './ifb.js';
import type { TcMatch } from './tc-match.js';

/** Where filters are on a device: clsact's egress, or a qdisc. */
export type Place = readonly ['egress'] | readonly ['parent', handle: string];

/** What a set of filters needs. */
export interface FilterOptions {
  /** A pref of its own for each protocol, used by nobody else: a pref belongs to one protocol and kind. */
  prefs: Record<TcMatch['protocol'], number>;
  matches: readonly TcMatch[];
  ifb: string;
  /** Marks the filters, in hex. */
  cookie: string;
}

/** TCA_BASIC_ACT and TCA_ACT_COOKIE of linux/pkt_cls.h. */
const BASIC_ACTIONS = 3;
const ACTION_COOKIE = 6;

/** What marks the filters of an instance, in hex. */
export function cookieOf(instance: string): string {
  return Buffer.from(`ptrap${instance}`).toString('hex');
}

/** The commands that send what matches through the ifb. */
export function filterCommands(
  device: string,
  place: Place,
  { prefs, matches, ifb, cookie }: FilterOptions,
): Command[] {
  return matches.map(({ protocol, expression }, index): Command => [
    'tc',
    ...['filter', 'add', 'dev', device, ...place, 'protocol', protocol, 'pref', String(prefs[protocol])],
    ...['handle', `0x${(index + 1).toString(16)}`, 'basic', 'match', expression],
    ...['action', 'mirred', 'egress', 'redirect', 'dev', ifb, 'cookie', cookie],
  ]);
}

/** The pref of a filter, from its message (tcm_info). */
export function prefOf({ info }: TrafficObject): number {
  return info >>> 16;
}

/** Whether a filter is marked with that cookie. */
export function hasCookie({ kind, attributes }: TrafficObject, cookie: string): boolean {
  if (kind !== 'basic') return false;
  const within = (bytes: Buffer, type: number): Buffer[] =>
    attributesOf(bytes).flatMap(([flagged, value]) => (typeOf(flagged) === type ? [value] : []));
  return attributes
    .filter(([flagged]) => typeOf(flagged) === TCA_OPTIONS)
    .flatMap(([, options]) => within(options, BASIC_ACTIONS))
    .flatMap(actions => attributesOf(actions))
    .flatMap(([, action]) => within(action, ACTION_COOKIE))
    .some(found => found.toString('hex') === cookie);
}

/**
 * Takes an instance's filters away from a place of a device (a handle, or `EGRESS_FILTERS`); there need be none.
 * @throws as {@link NetlinkSocket.request}
 */
export async function removeFilters(
  socket: NetlinkSocket,
  index: number,
  place: number,
  cookie: string,
): Promise<void> {
  const ours = async () =>
    (await dumpFilters(socket, index, place)).filter(filter => hasCookie(filter, cookie));
  for (const filter of await ours()) {
    await deleteFilter(socket, index, filter).catch(async (error: unknown) => {
      // another process that cleans up may have been quicker
      if ((await ours()).some(({ handle, info }) => handle === filter.handle && info === filter.info))
        throw error;
    });
  }
}

/**
 * Runs commands of tc for a device, all by one tc: there is a filter for each network of each target.
 * @throws PTRAP_E_TC_FILTER
 */
export async function runTc(device: string, commands: readonly Command[]): Promise<void> {
  // what a batch would read as a quotation mark or a comment
  const runs = /^[\w.@+-]+$/.test(device)
    ? [{ args: ['-batch', '-'], input: commands.map(batchLine).join('') }]
    : commands.map(([, ...args]) => ({ args, input: undefined }));
  for (const { args, input } of runs) {
    const { code, stderr } = await ask('tc', args, input);
    if (code !== 0) throw failure('PTRAP_E_TC_FILTER', device, stderr.split('\n')[0] ?? '');
  }
}

function batchLine([, ...args]: Command): string {
  return `${args.map(word => (word.includes(' ') ? `"${word}"` : word)).join(' ')}\n`;
}
