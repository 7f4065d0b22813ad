import { createInterface } from 'node:readline';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, type Child } from '../sys/exec.js';
import { ownProgram } from '../sys/own-program.js';
import type { Facts, Outcome } from './facts.js';
import { trials, type Trial } from './trials.js';

/** How long all of one place may take, in ms. */
const PATIENCE_MS = 60_000;
/** How long the child may take to undo everything once it was told to end, in ms. */
const LAST_MS = 5000;

/** Its /run is its own too: what it writes down there is gone with it, however it ends. */
const APART = 'mount -t tmpfs -o mode=755 ptrap-doctor /run && ip link set lo up && exec "$@"';
const UNSHARE = ['unshare', '--net', '--mount'];
/** Root of a user namespace may look at the processes of that alone. */
const AS_ROOT = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];

type Results = Partial<Record<Trial, Outcome>>;

/** Tries everything, one after the other, so that no latency is another's fault. */
export async function tryAll({ missing, uid }: Facts['privileges']): Promise<Facts['outcomes']> {
  const isMighty = missing.length === 0;
  const here = isMighty ? await runHere() : all('here', untried('only root may'));
  const apart = await runApart(isMighty && uid === 0);
  return { ...apart, ...here } as Facts['outcomes'];
}

async function runHere(): Promise<Results> {
  const barred: Results = isQueueing()
    ? {
        'source journal': untried(
          'another program queues packets (NFQUEUE): to remove a rule, as the trial does at its end, could cost one of them',
        ),
      }
    : {};
  const asked = named('here').filter(name => !(name in barred));
  const { results, said } = await run([], asked);
  return { ...all('here', unanswered(said)), ...results, ...barred };
}

/** Anybody may have a network namespace in a user namespace of theirs, if the machine allows it: there what works, works. */
async function runApart(isMighty: boolean): Promise<Results> {
  const asked = named('apart');
  if (isMighty) {
    const { results, said } = await run([...UNSHARE, 'sh', '-c', APART, 'sh'], asked);
    return { ...all('apart', unanswered(said)), ...results };
  }
  const { results } = await run([...UNSHARE, ...AS_ROOT, 'sh', '-c', APART, 'sh'], asked);
  const weak = Object.entries(results).map(([name, outcome]) => [name, doubted(outcome)]);
  return { ...all('apart', untried('only root may')), ...(Object.fromEntries(weak) as Results) };
}

/** Without root no module is loaded on demand: what does not work may work all the same. */
function doubted(outcome: Outcome): Outcome {
  if (outcome.result === 'fails') return untried(`without root: ${outcome.message}`);
  return outcome.result === 'lacks' ? untried('not tried without root') : outcome;
}

function named(place: 'apart' | 'here'): Trial[] {
  return (Object.keys(trials) as Trial[]).filter(name => trials[name].place === place);
}

function all(place: 'apart' | 'here', outcome: Outcome): Results {
  return Object.fromEntries(named(place).map(name => [name, outcome]));
}

function untried(why: string): Outcome {
  return { result: 'untried', why };
}

/** What the child did not come to: it could not be started, or its time was over. */
function unanswered(said: string): Outcome {
  return untried(said.trim().split('\n').at(-1) || `no answer within ${PATIENCE_MS / 1000} s`);
}

/** Whether anybody has bound a queue of this network namespace. */
function isQueueing(): boolean {
  const list = '/proc/self/net/netfilter/nfnetlink_queue';
  return existsSync(list) && readFileSync(list, 'latin1') !== '';
}

/** Runs a child that tries these and tells each result as a line of JSON. It undoes all and ends when we do. */
async function run(
  prefix: readonly string[],
  names: readonly Trial[],
): Promise<{ results: Results; said: string }> {
  const [file = '', ...args] = [...prefix, process.execPath, ...ownProgram('doctor/prober'), ...names];
  const child = start(file, args);
  const results: Results = {};
  let said = '';
  createInterface({ input: child.stdout }).on('line', line =>
    Object.assign(results, JSON.parse(line) as Results),
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.on('error', () => undefined); // it has ended
  const patience = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(
    () => end(child),
    () => undefined,
  );
  await child;
  patience.abort();
  await late;
  return { results, said };
}

async function end(child: Child): Promise<void> {
  child.stdin.end();
  await sleep(LAST_MS, undefined, { ref: false });
  child.kill('SIGKILL');
}
