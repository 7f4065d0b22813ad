import type { Event, Ready, Sighting, Summary } from '../../src/events.js';
import type { Job } from '../vm/jobs.js';
import type { Ground } from './ground.js';
import { openLots } from './lots.js';
import { openSlot, type Slot } from './slot.js';

interface Instance {
  name: string;
  /** Address that it watches, and the one that it must not see. */
  address: string;
  job: Job;
  ready: Ready;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
const SOURCES = ['journal', 'nflog', 'queue'] as const;
const HOLDS = ['--hold netem', '--hold none', '--hold netem --hold-strategy clsact'];

/**
 * Runs so many instances at once in one slot, of all sources and holds, on two targets, and ends them one by one by lot,
 * also by SIGKILL. All those that are left must see a sender to their target; none what is another's.
 * @throws with what was not so
 */
export async function runInstances(
  ground: Ground,
  { seed, count, say }: { seed: number; count: number; say(line: string): void },
): Promise<void> {
  const slot = await openSlot(ground, 100);
  const lots = openLots(seed);
  const before = await slot.snapshot();
  const running = await Promise.all(Array.from({ length: count }, (_, index) => start(slot, index)));
  say(running.map(({ name }) => name).join('; '));
  while (running.length > 0) {
    await seen(slot, ground, running);
    const [ended] = running.splice(Math.floor(lots.fraction() * running.length), 1);
    const signal = lots.one(SIGNALS);
    say(`${ended!.name}: ${signal}`);
    ended!.job.signal(signal);
    const { code, stderr } = await ended!.job.end(ground.patienceMs);
    if (signal === 'SIGKILL') continue;
    const summary = eventsOf(ended!.job, 'summary')[0] as Summary | undefined;
    if (code !== 0 || !summary) throw new Error(`${ended!.name} ended with ${code}: ${stderr}`);
    const { matches, resolved, unresolved, suppressed, lost } = summary;
    say(
      `  ${matches} matches: ${resolved} resolved, ${unresolved} unresolved, ${suppressed} suppressed, ${lost} lost`,
    );
    if (matches !== resolved + unresolved + suppressed + lost)
      throw new Error(`${ended!.name} does not add up`);
  }
  if ((await slot.quiet(60_000)) === undefined) throw new Error('processes are left');
  await (await slot.ptrap(['cleanup'])).end(ground.patienceMs);
  await slot.quiet(60_000);
  const after = await slot.snapshot();
  for (const [part, text] of before) {
    if (after.get(part) !== text) throw new Error(`${part} before:\n${text}\nafter:\n${after.get(part)}`);
  }
  const { sent, lost } = await slot.traffic.account();
  say(`${sent} packets sent, ${lost} lost`);
  if (lost > 0) throw new Error(`${lost} of ${sent} packets are lost`);
}

async function start(slot: Slot, index: number): Promise<Instance> {
  const address = slot.addresses[index % 2]!;
  const source = SOURCES[index % SOURCES.length]!;
  const hold = source === 'queue' ? '' : HOLDS[index % HOLDS.length]!;
  const options = `--source ${source} ${hold} --output json --no-config --limit-per none --no-process-table`;
  const job = await slot.ptrap(['watch', `${address}:70/udp`, ...options.split(/ +/)]);
  await job.waitFor(/"type":"ready".*\n/, 300_000);
  return { name: `${address} ${source} ${hold}`, address, job, ready: eventsOf(job, 'ready')[0] as Ready };
}

/** Sends to both targets, from a process each, and waits until everybody has seen what is theirs, and that alone. */
async function seen(slot: Slot, ground: Ground, running: readonly Instance[]): Promise<void> {
  const pids = new Map<string, number>();
  for (const address of slot.addresses.slice(0, 2)) pids.set(address, await slot.send(address, 70));
  const deadline = performance.now() + ground.patienceMs;
  for (const { name, address, job, ready } of running) {
    const named = (): (readonly number[])[] => (eventsOf(job, 'sighting') as Sighting[]).map(pidsOf);
    while (!named().some(found => found.includes(pids.get(address)!))) {
      if (performance.now() > deadline)
        throw new Error(`${name} has not seen ${pids.get(address)}: ${job.stdout()}`);
      await new Promise(next => setTimeout(next, 100));
    }
    for (const { target, instance, flow } of eventsOf(job, 'sighting') as Sighting[]) {
      if (instance !== ready.instance || !ready.targets.includes(target) || flow.dst.address !== address)
        throw new Error(`${name} has seen what is another's: ${flow.dst.address} of ${instance}`);
    }
  }
}

function pidsOf({ resolution }: Sighting): number[] {
  return resolution.status === 'resolved' ? resolution.processes.map(({ pid }) => pid) : [];
}

function eventsOf(job: Job, type: Event['type']): Event[] {
  const lines = job.stdout().split('\n').slice(0, -1);
  return lines.map(line => JSON.parse(line) as Event).filter(event => event.type === type);
}
