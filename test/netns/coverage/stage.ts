import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Resolution } from '../../../src/events.js';
import type { Namespace } from '../namespace.js';
import { pidsOf, startWatch, type Watch } from '../watch.js';
import type { Case } from './case.js';

const SENDERS = fileURLToPath(new URL('../../senders/coverage/', import.meta.url));
const FIRST_PORT = 20_000;
/** How long something that must not be seen is waited for, in ms. */
const SILENCE_MS = 500;
/** How long all that must be seen may take, in ms. */
const PATIENCE_MS = 10_000;

/** What ptrap said of a case, and how many of its sightings named somebody who was not to be named. */
export interface Observed {
  says: Case['says'];
  /** Whether the first sighting names exactly those who are to be named. */
  isRight: boolean;
  sightings: number;
  wrong: number;
}

/** A sender that has set up what it needs. */
interface Sender {
  child: ChildProcess;
  line(): Promise<string>;
}

/** Runs all cases at once, beside one another, under one ptrap; the order is theirs. */
export async function observe(namespace: Namespace, cases: readonly Case[]): Promise<Observed[]> {
  for (const { prepare } of cases) if (prepare !== undefined) await namespace.must(`set -e\n${prepare}`);
  const port = (index: number): string => String(FIRST_PORT + index);
  await serve(
    namespace,
    cases.map((_, index) => port(index)),
  );
  const senders = cases.map(({ sender }, index) => startSender(namespace, sender, port(index)));
  for (const sender of senders) await sender.line();
  const targets = cases.map(({ target }, index) => target.replace('PORT', port(index)));
  const watch = await startWatch(namespace, [
    '--source',
    'nflog',
    '--hold',
    'none',
    '--limit',
    '1000',
    ...targets,
  ]);
  for (const { child } of senders) child.stdin!.write('\n');
  const named = await Promise.all(senders.map(async sender => pidsIn(await sender.line())));
  const first = (index: number) => watch.sighting(({ target }) => target === watch.ready.targets[index]);
  await within(PATIENCE_MS, Promise.all(cases.map(({ says }, index) => says === 'not seen' || first(index))));
  await sleep(SILENCE_MS);
  const observed = cases.map((_, index) => judge(watch, watch.ready.targets[index]!, named[index]!));
  await watch.end('SIGINT');
  for (const { child } of senders) child.stdin!.end();
  return observed;
}

/** Waits for something that may not come: what is missing then shows in the comparison. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  await Promise.race([promise.catch(() => undefined), sleep(ms)]);
}

function pidsIn(line: string): number[] {
  return line.split(' ').filter(Boolean).map(Number);
}

function judge({ sightings }: Watch, text: string, named: readonly number[]): Observed {
  const own = sightings.filter(({ target }) => target === text);
  const [first] = own;
  if (first === undefined) return { says: 'not seen', isRight: named.length === 0, sightings: 0, wrong: 0 };
  const names = [...pidsOf(first)].sort();
  return {
    says: gradeOf(first.resolution),
    isRight: names.join() === [...named].sort().join(),
    sightings: own.length,
    wrong: own.filter(sighting => pidsOf(sighting).some(pid => !named.includes(pid))).length,
  };
}

function gradeOf(resolution: Resolution): Case['says'] {
  if (resolution.status === 'unresolved') return resolution.reason;
  return resolution.grade as Exclude<typeof resolution.grade, 'call'>;
}

function startSender(namespace: Namespace, code: string, port: string): Sender {
  const env = { HOST: '10.77.0.2', PORT: port, FAR: String(namespace.farPid) };
  const child = namespace.spawn('perl', ['-I', SENDERS, '-MSender', '-Mstrict', '-e', code], { env });
  let [text, errors] = ['', ''];
  let heard = (): void => undefined;
  child.stdout!.on('data', piece => {
    text += String(piece);
    heard();
  });
  child.stderr!.on('data', piece => (errors += String(piece)));
  const ended = once(child, 'exit');
  return {
    child,
    line: () =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => reject(new Error(`${code}\n${errors}`));
        ended.then(giveUp, reject);
        const timer = setTimeout(giveUp, PATIENCE_MS);
        heard = () => {
          const end = text.indexOf('\n');
          if (end < 0) return;
          clearTimeout(timer);
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          resolve(line);
        };
        heard();
      }),
  };
}

async function serve(namespace: Namespace, ports: readonly string[]): Promise<void> {
  const server = namespace.spawn('perl', [`${SENDERS}server.pl`, ...ports], { far: true });
  await once(server.stdout!, 'data');
}
