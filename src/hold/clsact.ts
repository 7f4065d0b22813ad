import { failure } from '../errors.js';
import { ask, must } from '../sys/exec.js';
import { listInstances } from '../teardown/recover.js';
import type { Effect } from '../teardown/record.js';
import type { Teardown } from '../teardown/stack.js';
import { cookieOf, filterCommands, listFilters, removeFilters, type Filter } from './filters.js';
import type { Command } from './ifb.js';
import type { TcMatch } from './tc-match.js';

type ClsactEffect = Extract<Effect, { kind: 'clsact' }>;

const EGRESS = ['egress'] as const;
const INGRESS = ['ingress'] as const;
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
export async function holdByClsact(
  teardown: Teardown,
  devices: readonly string[],
  options: ClsactOptions,
): Promise<void> {
  for (const device of devices) {
    // filters for `egress` would be taken, and land among those of ingress
    if ((await ingressKind(device)) === 'ingress') throw failure('PTRAP_E_INGRESS_QDISC', device);
  }
  const cookie = cookieOf(options.instance);
  for (const device of devices) {
    const there = (await ingressKind(device)) !== undefined;
    const made = !there || (await isOfAnotherInstance(device));
    await teardown.make(
      { kind: 'clsact', device, made, cookie },
      async () => {
        const filters = there ? await listFilters(device, EGRESS) : [];
        for (const [file, ...args] of clsactCommands(device, options, there, filters)) {
          const { code, stderr } = await ask(file, args);
          if (code !== 0) throw failure('PTRAP_E_TC_FILTER', device, stderr);
        }
      },
      () => removeClsact({ kind: 'clsact', device, made, cookie }),
    );
  }
}

/** The commands for one device, in order. */
export function clsactCommands(
  device: string,
  { instance, ifb, matches }: ClsactOptions,
  there: boolean,
  filters: readonly Filter[],
): Command[] {
  const highest = Math.max(0, ...filters.map(({ pref }) => pref));
  if (highest + 2 > HIGHEST_PREF) throw failure('PTRAP_E_TC_FILTER', device, `pref ${highest} is in use`);
  const prefs = { ip: String(highest + 1), ipv6: String(highest + 2) };
  const add: Command = ['tc', 'qdisc', 'add', 'dev', device, 'clsact'];
  return [
    ...(there ? [] : [add]),
    ...filterCommands(device, EGRESS, { prefs, matches, ifb, cookie: cookieOf(instance) }),
  ];
}

/** Takes an instance's filters away, and clsact where ptrap made it and nobody else has come to use it. */
export async function removeClsact({ device, made, cookie }: ClsactEffect): Promise<void> {
  if ((await ingressKind(device)) !== 'clsact') return;
  await removeFilters(device, EGRESS, cookie);
  if (!made) return;
  const left = [...(await listFilters(device, EGRESS)), ...(await listFilters(device, INGRESS))];
  if (left.length > 0) return;
  await must('tc', ['qdisc', 'del', 'dev', device, 'clsact']).catch(async (error: unknown) => {
    if ((await ingressKind(device)) === 'clsact') throw error;
  });
}

/** Which of the two qdiscs that share that place a device has; none where there is no such device any more. */
async function ingressKind(device: string): Promise<'clsact' | 'ingress' | undefined> {
  const args = ['qdisc', 'show', 'dev', device];
  const { code, stdout, stderr } = await ask('tc', args);
  if (code === 0) return /^qdisc (clsact|ingress) /m.exec(stdout)?.[1] as 'clsact' | 'ingress' | undefined;
  if (stderr.includes('Cannot find device')) return undefined;
  throw failure('PTRAP_E_COMMAND', ['tc', ...args].join(' '), stderr);
}

/** Whether another ptrap made the clsact that is there: then the last that ends takes it away. */
async function isOfAnotherInstance(device: string): Promise<boolean> {
  const effects = (await listInstances()).flatMap(instance => (instance.here ? instance.effects : []));
  return effects.some(effect => effect.kind === 'clsact' && effect.device === device && effect.made);
}
