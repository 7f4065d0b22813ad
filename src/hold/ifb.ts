import { failure } from '../errors.js';
import { ask, must } from '../sys/exec.js';

/** A command line: program and arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** netem's own limit of 1000 packets drops silently in a flood; it gives no back-pressure. */
const LIMIT = '100000';

/** The commands that make the ifb, in order; up before any rule sends packets there, else they are lost. */
export function ifbCommands(name: string, alias: string, delayMs: number | string): Command[] {
  return [
    ['modprobe', 'ifb', 'numifbs=0'],
    ['modprobe', 'sch_netem'],
    ['ip', 'link', 'add', name, 'type', 'ifb'],
    ['ip', 'link', 'set', name, 'alias', alias],
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
      LIMIT,
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
    // a kernel with the module built in needs no modprobe: what counts is whether the device can be made
    if (code === 0 || file === 'modprobe') continue;
    if (args.includes('add'))
      throw failure(file === 'tc' ? 'PTRAP_E_NETEM_MISSING' : 'PTRAP_E_IFB_MISSING', stderr);
    throw failure('PTRAP_E_COMMAND', [file, ...args].join(' '), stderr);
  }
}

/** How many packets wait in the ifb, and how many it had to drop. */
export async function ifbQueue(name: string): Promise<{ waiting: number; dropped: number }> {
  return parseQueue(await must('tc', ['-s', '-j', 'qdisc', 'show', 'dev', name]));
}

/** Reads `tc -s -j qdisc show`. */
export function parseQueue(json: string): { waiting: number; dropped: number } {
  const root = (JSON.parse(json) as { root?: boolean; qlen?: number; drops?: number }[]).find(
    qdisc => qdisc.root,
  );
  return { waiting: root?.qlen ?? 0, dropped: root?.drops ?? 0 };
}

/** How often the queue is looked at while it drains, and how long that may take, in ms. */
const DRAIN = { everyMs: 10, patienceMs: 30_000 };

/**
 * Waits until every held packet has gone its way, then deletes the ifb; earlier they would be lost. The rules that
 * fill it must be off. Leaves alone a link of that name whose alias is another's.
 */
export async function removeIfb(name: string, alias: string): Promise<{ dropped: number }> {
  const link = await ask('ip', ['-j', 'link', 'show', 'dev', name]);
  if (link.code !== 0) return { dropped: 0 };
  const [shown] = JSON.parse(link.stdout) as { ifalias?: string }[];
  // made, but ended before it was named: the name alone is ours, and nothing was ever sent there
  if (shown?.ifalias !== undefined && shown.ifalias !== alias) return { dropped: 0 };
  const started = performance.now();
  let queue = await ifbQueue(name);
  while (queue.waiting > 0 && performance.now() - started < DRAIN.patienceMs) {
    await new Promise(next => setTimeout(next, DRAIN.everyMs));
    queue = await ifbQueue(name);
  }
  // what has left the qdisc may still be on its way through the device's own tasklet
  await new Promise(next => setTimeout(next, DRAIN.everyMs));
  await must('ip', ['link', 'del', 'dev', name]);
  return { dropped: queue.dropped };
}
