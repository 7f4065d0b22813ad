import { failure, PtrapError } from '../errors.js';
import { linkIndex, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink, type NetlinkSocket } from '../netlink/socket.js';
import {
  deleteClsact,
  dumpFilters,
  EGRESS_FILTERS,
  INGRESS_FILTERS,
  ingressKind,
  TC_H_CLSACT,
} from '../netlink/traffic-control.js';
import { listInstances } from '../teardown/recover.js';
import type { Effect } from '../teardown/record.js';
import type { Teardown } from '../teardown/stack.js';
import type { Device } from './devices.js';
import { cookieOf, filterCommands, hasCookie, prefOf, removeFilters, runTc } from './filters.js';
import type { Hooks, Refusal } from './hooks.js';
import type { Command } from './ifb.js';
import type { TcMatch } from './tc-match.js';

type ClsactEffect = Extract<Effect, { kind: 'clsact' }>;

/** tc's prefs are 16 bits. */
const HIGHEST_PREF = 0xffff;

/** What a device needs to have its packets held. */
export interface ClsactOptions {
  instance: string;
  ifb: string;
  matches: readonly TcMatch[];
}

/**
 * Sends what matches through the ifb by filters in clsact on each device, after those that are there already.
 * @throws PTRAP_E_INGRESS_QDISC, before anything is touched, PTRAP_E_TC_FILTER; what it made is then undone
 */
export async function hookClsact(
  teardown: Teardown,
  devices: readonly Device[],
  options: ClsactOptions,
): Promise<Hooks> {
  const socket = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => socket[Symbol.dispose]());
  const made = new Map<number, ClsactEffect>();
  const cookie = cookieOf(options.instance);

  async function hook({ index, name: device }: Device): Promise<void> {
    const there = await hasClsact(socket, { index, name: device });
    const isMade = !there || (await isOfAnotherInstance(device));
    const effect: ClsactEffect = { kind: 'clsact', device, made: isMade, cookie };
    await teardown.attempt(() =>
      teardown.make(
        effect,
        async () => {
          const highest = await highestPref(socket, device);
          await runTc(device, clsactCommands(device, options, there, highest));
        },
        () => removeClsact(effect),
      ),
    );
    made.set(index, effect);
  }

  async function drop({ index, name }: Device): Promise<void> {
    const effect = made.get(index);
    made.delete(index);
    if (!effect) return;
    // what has that name now is another device
    if ((await linkIndex(socket, name)) === index) await teardown.undo(effect);
    else await teardown.forget(effect);
  }

  /** Its filters stay; only the record has to know. */
  async function rename({ index, name }: Device): Promise<void> {
    const before = made.get(index)!;
    const effect = { ...before, device: name };
    await teardown.make(
      effect,
      () => teardown.forget(before),
      () => removeClsact(effect),
    );
    made.set(index, effect);
  }

  for (const device of devices) await hasClsact(socket, device);
  for (const device of devices) await hook(device);
  return {
    async change(added, dropped) {
      const isNow = (index: number): boolean => added.some(device => device.index === index);
      for (const device of dropped) if (!isNow(device.index)) await drop(device);
      const refusals: Refusal[] = [];
      for (const device of added) {
        await (made.has(device.index) ? rename(device) : hook(device)).catch((error: unknown) => {
          if (!(error instanceof PtrapError)) throw error;
          refusals.push({ device: device.name, why: error.message });
        });
      }
      return refusals;
    },
    async isTakenFrom({ index }) {
      if (!made.has(index)) return false;
      const filters = await dumpFilters(socket, index, EGRESS_FILTERS);
      return filters.filter(filter => hasCookie(filter, cookie)).length < options.matches.length;
    },
    async qdiscGone(index, parent) {
      const effect = made.get(index);
      if (parent !== TC_H_CLSACT || !effect) return;
      await teardown.forget(effect);
    },
    async release() {
      for (const effect of made.values()) await teardown.undo(effect);
    },
  };
}

/**
 * Whether a device has clsact.
 * @throws PTRAP_E_INGRESS_QDISC where an ingress qdisc has its place: filters for `egress` would be taken, and land among those of ingress
 */
async function hasClsact(socket: NetlinkSocket, { index, name }: Device): Promise<boolean> {
  const kind = await ingressKind(socket, index);
  if (kind === 'ingress') throw failure('PTRAP_E_INGRESS_QDISC', name);
  return kind === 'clsact';
}

async function highestPref(socket: NetlinkSocket, device: string): Promise<number> {
  const index = await linkIndex(socket, device);
  const kind = index === undefined ? undefined : await ingressKind(socket, index);
  if (index === undefined || kind !== 'clsact') return 0;
  return Math.max(0, ...(await dumpFilters(socket, index, EGRESS_FILTERS)).map(prefOf));
}

/** The commands for one device, in order; `highest` is the highest pref that is in use there. */
export function clsactCommands(
  device: string,
  { instance, ifb, matches }: ClsactOptions,
  there: boolean,
  highest: number,
): Command[] {
  if (highest + 2 > HIGHEST_PREF) throw failure('PTRAP_E_TC_FILTER', device, `pref ${highest} is in use`);
  const prefs = { ip: highest + 1, ipv6: highest + 2 };
  const add: Command = ['tc', 'qdisc', 'add', 'dev', device, 'clsact'];
  return [
    ...(there ? [] : [add]),
    ...filterCommands(device, ['egress'], { prefs, matches, ifb, cookie: cookieOf(instance) }),
  ];
}

/** Takes an instance's filters away, and clsact where ptrap made it and nobody else has come to use it. */
export async function removeClsact({ device, made, cookie }: ClsactEffect): Promise<void> {
  using socket = openNetlink(NETLINK_ROUTE);
  const index = await linkIndex(socket, device);
  if (index === undefined || (await ingressKind(socket, index)) !== 'clsact') return;
  await removeFilters(socket, index, EGRESS_FILTERS, cookie);
  if (!made) return;
  for (const place of [EGRESS_FILTERS, INGRESS_FILTERS]) {
    if ((await dumpFilters(socket, index, place)).length > 0) return;
  }
  await deleteClsact(socket, index).catch(async (error: unknown) => {
    if ((await ingressKind(socket, index)) === 'clsact') throw error;
  });
}

/** Whether another ptrap made the clsact that is there: then the last that ends takes it away. */
async function isOfAnotherInstance(device: string): Promise<boolean> {
  const effects = (await listInstances()).flatMap(instance =>
    instance.place === 'here' ? instance.effects : [],
  );
  return effects.some(effect => effect.kind === 'clsact' && effect.device === device && effect.made);
}
