import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { failure } from '../errors.js';
import { isTime, openHistory, type History } from '../history/read.js';
import { isTo, runs, type Wanted } from '../history/select.js';
import { showSightings, showSummary, type Format } from '../history/show.js';
import { summarise } from '../history/summary.js';
import type { Recorded } from '../history/entry.js';
import { styleOf } from '../report/output.js';
import { lookupName } from '../target/lookup.js';
import { parseTarget } from '../target/parse.js';
import { onEndingSignal } from '../teardown/signals.js';
import type { Asked, Values } from './arguments.js';
import { commands } from './commands.js';
import { valueOf } from './flags.js';
import { printLines } from './print.js';

/** What `ptrap events` is asked beside its targets. */
interface EventFlags {
  since?: string;
  until?: string;
  exe?: string;
  unit?: string;
  user?: string;
  host?: string;
  follow?: boolean;
  merge?: boolean;
  directory?: string;
  summary?: boolean;
  output?: Format;
}

/** `ptrap events [target…]`: what the plugin `journal` has written, from the journal of this machine or of many. */
export async function eventsCommand({ targets: texts, values }: Asked<'events'>): Promise<number> {
  const flags = readFlags(values);
  if (flags.follow && flags.summary) throw failure('PTRAP_E_ENDLESS_SUMMARY');
  for (const flag of ['since', 'until'] as const) await requireTime(flag, flags[flag]);
  const targets = await Promise.all(texts.map(parseTarget).map(withAddresses));
  const history = await openHistory({
    ...flags,
    exe: flags.exe?.startsWith('/') ? flags.exe : undefined,
    address: onlyAddress(targets),
  });
  using _signals = onEndingSignal(history.stop);
  await show(history, select(history, targets, flags.exe), flags);
  const unread = history.unread();
  if (unread > 0)
    await printLines(process.stderr, [`ptrap: ${unread} entries hold no sighting that can be read`]);
  return 0;
}

function readFlags(values: Values): EventFlags {
  const all = commands.events.flags.map(flag => [flag.flag, valueOf(flag, values)] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

async function requireTime(flag: string, text: string | undefined): Promise<void> {
  if (text === undefined || (await isTime(text))) return;
  const allowed =
    'a time as systemd.time(7) has it, such as yesterday, "2026-11-24 03:00", "2 hours ago" or -90m';
  throw failure('PTRAP_E_VALUE', `--${flag}`, JSON.stringify(text), allowed);
}

async function withAddresses(target: ReturnType<typeof parseTarget>): Promise<Wanted> {
  const { host } = target;
  if (host.kind === 'any') return { ...target, addresses: [] };
  if (host.kind === 'network') return { ...target, addresses: [host.network] };
  // what went to it when it still had an address is found by its name
  return { ...target, addresses: await lookupName(host.name).catch(() => []) };
}

/** The journal finds one address by itself. */
function onlyAddress(targets: readonly Wanted[]): string | undefined {
  const [only, ...others] = targets;
  if (only?.host.kind !== 'network' || others.length > 0) return undefined;
  const { family, prefix, address } = only.host.network;
  return prefix === (family === 'ipv4' ? 32 : 128) ? address : undefined;
}

async function* select(
  { recorded }: History,
  targets: readonly Wanted[],
  program: string | undefined,
): AsyncGenerator<Recorded> {
  for await (const one of recorded) {
    if (isTo(targets, one.sighting) && (program === undefined || runs(program, one.sighting))) yield one;
  }
}

async function show(
  history: History,
  recorded: AsyncIterable<Recorded>,
  { summary, output = 'pretty' }: EventFlags,
): Promise<void> {
  const pieces = summary
    ? [showSummary(await summarise(recorded), output)]
    : showSightings(recorded, output, styleOf(process.stdout));
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
  } catch (error) {
    history.stop();
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // as after `| head`
  }
}
