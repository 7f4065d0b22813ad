import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../errors.js';
import { ask, must } from '../sys/exec.js';

/** A command line: program and arguments. */
export type Command = readonly [file: string, ...args: string[]];

/**
 * So many packets are held at once at the most: netem drops what comes beyond that, without back-pressure to who sent
 * it. Its own default of 1000 is soon reached in a flood.
 */
export const MOST_HELD = 100_000;

/** The commands that make the ifb, in order; up before any rule sends packets there, else they are lost. */
export function ifbCommands(name: string, alias: string, delayMs: number | string): Command[] {
  return [
    ['modprobe', 'ifb', 'numifbs=0'],
    ['modprobe', 'sch_netem'],
    ['ip', 'link', 'add', name, 'type', 'ifb'],
    ['ip', 'link', 'set', name, 'alias', alias],
    // else IPv6 solicits and reports on it once it is up, and netem holds and counts that, too
    ['ip', 'link', 'set', name, 'addrgenmode', 'none'],
    [
      'tc',
      'qdisc',
      'add',
      'dev',
      name,
      'root',
      'handle',
      '1:',
      'netem',
      'delay',
      `${delayMs}ms`,
      'limit',
      String(MOST_HELD),
    ],
    ['ip', 'link', 'set', name, 'up'],
  ];
}

/**
 * Makes the ifb that holds packets for `delayMs`.
 * @throws PTRAP_E_IFB_MISSING, PTRAP_E_NETEM_MISSING when the kernel has none
 */
export async function makeIfb(name: string, alias: string, delayMs: number): Promise<void> {
  for (const [file, ...args] of ifbCommands(name, alias, delayMs)) {
    const { code, stderr } = await ask(file, args).catch((error: unknown) => {
      if (file === 'modprobe') return { code: 1, stderr: 'no modprobe' };
      throw error;
    });
    // a kernel with the module built in needs no modprobe, one without IPv6 no mode: what counts is the device
    if (code === 0 || file === 'modprobe' || args.includes('addrgenmode')) continue;
    if (args.includes('add'))
      throw failure(file === 'tc' ? 'PTRAP_E_NETEM_MISSING' : 'PTRAP_E_IFB_MISSING', stderr);
    throw failure('PTRAP_E_COMMAND', [file, ...args].join(' '), stderr);
  }
}

/** How many packets wait in the ifb. */
async function waitingIn(name: string): Promise<number> {
  return parseQueue(await must('tc', ['-s', '-j', 'qdisc', 'show', 'dev', name]));
}

/** How many packets it has let go of that are not on their way yet. */
async function passingThrough(name: string): Promise<number> {
  return parsePassing(await must('ip', ['-s', '-j', 'link', 'show', 'dev', name]));
}

/** Reads `tc -s -j qdisc show`. */
export function parseQueue(json: string): number {
  const qdiscs = JSON.parse(json) as { root?: boolean; qlen?: number }[];
  return qdiscs.find(qdisc => qdisc.root)?.qlen ?? 0;
}

/** Reads `ip -s -j link show`: an ifb has received what netem has let go of, and sends it on from a tasklet (drivers/net/ifb.c). */
export function parsePassing(json: string): number {
  const [link] = JSON.parse(json) as LinkCounts[];
  const { rx, tx } = link?.stats64 ?? {};
  return rx && tx ? Math.max(0, rx.packets - rx.dropped - tx.packets) : 0;
}

interface LinkCounts {
  stats64?: { rx: { packets: number; dropped: number }; tx: { packets: number } };
}

/**
 * How often the ifb is looked at while it drains, and how long that may take, in ms: longer than the longest delay. What
 * its counters say is still passing is waited for so long after its queue is empty.
 */
const DRAIN = { everyMs: 10, patienceMs: 90_000, passingMs: 1000 };
/** So often in a row nothing may be seen in it: a packet can be between its queue and its tasklet. */
const QUIET_LOOKS = 3;

/**
 * Waits until every held packet has gone its way, then deletes the ifb; earlier they would be lost. The rules that
 * fill it must be off. Leaves alone a link of that name whose alias is another's.
 * @throws PTRAP_E_IFB_BUSY when it does not drain
 */
export async function removeIfb(name: string, alias: string): Promise<void> {
  if (!(await isOurs(name, alias))) return;
  const waiting = await drain(name);
  if (waiting > 0) throw failure('PTRAP_E_IFB_BUSY', name, waiting);
  await must('ip', ['link', 'del', 'dev', name]).catch(unlessGone(name));
}

/** Waits until nothing is in the ifb, but not for ever: gives how many packets wait in its queue. */
export async function drain(name: string): Promise<number> {
  const started = performance.now();
  let [waiting, waitedAt] = [0, started];
  for (let quiet = 0; quiet < QUIET_LOOKS && performance.now() - started < DRAIN.patienceMs;) {
    waiting = (await waitingIn(name).catch(unlessGone(name))) ?? 0;
    if (waiting > 0) [quiet, waitedAt] = [0, performance.now()];
    else {
      const passing = (await passingThrough(name).catch(unlessGone(name))) ?? 0;
      const isQuiet = passing === 0 || performance.now() - waitedAt > DRAIN.passingMs;
      quiet = isQuiet ? quiet + 1 : 0;
    }
    await sleep(DRAIN.everyMs);
  }
  return waiting;
}

interface Link {
  ifalias?: string;
  flags: string[];
}

async function linkOf(name: string): Promise<Link | undefined> {
  const args = ['-j', 'link', 'show', 'dev', name];
  const { code, stdout, stderr } = await ask('ip', args);
  if (code === 0) return (JSON.parse(stdout) as Link[])[0];
  if (stderr.includes('does not exist')) return undefined;
  throw failure('PTRAP_E_COMMAND', ['ip', ...args].join(' '), stderr);
}

async function isOurs(name: string, alias: string): Promise<boolean> {
  const link = await linkOf(name);
  // made, but ended before it was named: it was never up, and nothing was ever sent there
  return link !== undefined && (link.ifalias === alias || (!link.ifalias && !link.flags.includes('UP')));
}

/** Another process that cleans up may have been quicker. */
function unlessGone(name: string) {
  return async (error: unknown): Promise<undefined> => {
    if (await linkOf(name)) throw error;
  };
}
