import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessInfo, Resolution, Sighting } from '../../../src/events.js';
import { openCgroup } from '../cgroup.js';
import type { Namespace } from '../namespace.js';
import { SLOWER } from '../slower.js';
import { pidsOf, startWatch } from '../watch.js';
import type { Case } from './case.js';

const SENDERS = fileURLToPath(new URL('../../senders/coverage/', import.meta.url));
const FIRST_PORT = 20_000;
/** How long further packets of a case, or any that must not be seen, are waited for, in ms. */
const SETTLE_MS = 300 * SLOWER;
/** How long all that must be seen may take, in ms. */
const PATIENCE_MS = 10_000 * SLOWER;

/** What ptrap said of a case, and how many of its sightings named somebody who was not to be named. */
export interface Observed {
  says: Case['says'];
  /** What is wrong with whom the first sighting names, or suspects, or with what it tells of them; empty where nothing is. */
  amiss: string;
  sightings: number;
  wrong: number;
}

/** Who is to be named, and who beside them may be. */
interface Due {
  named: number[];
  maybe: number[];
}

/** A sender that has set up what it needs. */
interface Sender {
  /** Lets it send. */
  send(): Promise<Due>;
  end(): Promise<void>;
}

/** Runs the cases beside one another, and those that must be alone after them, under one ptrap; the order is theirs. */
export async function observe(
  namespace: Namespace,
  cases: readonly Case[],
  more: readonly string[],
): Promise<Observed[]> {
  for (const { prepare } of cases) if (prepare !== undefined) await namespace.must(`set -e\n${prepare}`);
  const port = (index: number): string => String(FIRST_PORT + index);
  await serve(
    namespace,
    cases.map((_, index) => port(index)),
  );
  const targets = cases.map(({ target }, index) => target.replace('PORT', port(index)));
  await using cgroup = await openCgroup(namespace);
  const start = (index: number): Promise<Sender> =>
    startSender(namespace, cases[index]!.sender, { ...cgroup, port: port(index) });
  const indexes = (alone: boolean): number[] =>
    cases.flatMap(({ isAlone = false }, index) => (isAlone === alone ? [index] : []));

  const together = await Promise.all(
    indexes(false).map(async index => ({ index, sender: await start(index) })),
  );
  await using watch = await watchAll(namespace, [...more, ...targets]);
  const observed: Observed[] = [];
  const look = async (index: number, sender: Sender): Promise<void> => {
    const due = await sender.send();
    await watch.seen(index, cases[index]!.says === 'not seen');
    observed[index] = judge(watch.of(index), due, cases[index]!);
  };
  await Promise.all(together.map(({ index, sender }) => look(index, sender)));
  for (const index of indexes(true)) {
    const sender = await start(index);
    await look(index, sender);
    await sender.end();
  }
  return observed;
}

/** The sightings of every target, by its place in the list. */
interface WatchAll extends AsyncDisposable {
  of(index: number): readonly Sighting[];
  /** Waits until there is one, or nothing came for long enough. */
  seen(index: number, isSilent: boolean): Promise<void>;
}

async function watchAll(namespace: Namespace, args: readonly string[]): Promise<WatchAll> {
  const options = ['--source', 'nflog', '--hold', 'none', '--limit', '1000'];
  const watch = await startWatch(namespace, [...options, ...args]);
  const isOf = (index: number) => (sighting: Sighting) => sighting.target === watch.ready.targets[index];
  return {
    of: index => watch.sightings.filter(isOf(index)),
    async seen(index, isSilent) {
      if (!isSilent)
        await Promise.race([watch.sighting(isOf(index)).catch(() => undefined), sleep(PATIENCE_MS)]);
      await sleep(SETTLE_MS);
    },
    async [Symbol.asyncDispose]() {
      await watch.end('SIGINT');
    },
  };
}

function judge(sightings: readonly Sighting[], { named, maybe }: Due, { tells = {} }: Case): Observed {
  const [first] = sightings;
  if (first === undefined)
    return { says: 'not seen', amiss: named.length > 0 ? 'nobody' : '', sightings: 0, wrong: 0 };
  const answered = answeredBy(first).map(({ pid }) => pid);
  const isDue = (pid: number) => named.includes(pid) || maybe.includes(pid);
  const isRight = answered.every(isDue) && named.every(pid => answered.includes(pid)) && isTold(first, tells);
  return {
    says: gradeOf(first.resolution),
    amiss: isRight ? '' : `not ${named.join()}, but ${JSON.stringify(answeredBy(first))}`,
    sightings: sightings.length,
    wrong: sightings.filter(sighting => !pidsOf(sighting).every(isDue)).length,
  };
}

/** Those that are named, or suspected. */
function answeredBy({ resolution }: Sighting): ProcessInfo[] {
  return resolution.status === 'resolved' ? resolution.processes : (resolution.suspects ?? []);
}

function isTold(sighting: Sighting, tells: NonNullable<Case['tells']>): boolean {
  return answeredBy(sighting).every(process =>
    Object.entries(tells).every(([key, words]) =>
      words.test(JSON.stringify(process[key as keyof ProcessInfo])),
    ),
  );
}

function gradeOf(resolution: Resolution): Case['says'] {
  if (resolution.status === 'unresolved') return resolution.reason;
  return resolution.grade as Exclude<typeof resolution.grade, 'call'>;
}

async function startSender(
  namespace: Namespace,
  code: string,
  { port, folder, root }: { port: string; folder: string; root: string },
): Promise<Sender> {
  const env = {
    HOST: '10.77.0.2',
    PORT: port,
    FAR: String(namespace.farPid),
    CGROUP: folder,
    CGROUPS: root,
  };
  const child = namespace.spawn('perl', ['-I', SENDERS, '-MSender', '-Mstrict', '-e', code], { env });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  let errors = '';
  child.stderr!.on('data', piece => (errors += String(piece)));
  const line = async (): Promise<string> => {
    const next = await Promise.race([lines.next(), sleep(PATIENCE_MS)]);
    if (next === undefined || next.done === true) throw new Error(`${code}\n${errors}`);
    return next.value;
  };
  await line();
  return {
    async send() {
      child.stdin!.write('\n');
      const pids = (await line()).split(' ').filter(Boolean);
      const maybe = pids.filter(pid => pid.startsWith('?')).map(pid => Number(pid.slice(1)));
      return { named: pids.filter(pid => !pid.startsWith('?')).map(Number), maybe };
    },
    async end() {
      const ended = once(child, 'exit');
      child.stdin!.end();
      await ended;
    },
  };
}

async function serve(namespace: Namespace, ports: readonly string[]): Promise<void> {
  const server = namespace.spawn('perl', [`${SENDERS}server.pl`, ...ports], { far: true });
  await once(server.stdout!, 'data');
}
