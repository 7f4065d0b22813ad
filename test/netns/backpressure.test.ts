import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/events.js';
import { useStage } from './stage.js';

/** Something that takes no more, and a ptrap that is to go on beside it. */
interface Case {
  args: string;
  /** Shell commands that come before ptrap. */
  prepare?: string;
  /** On a terminal of its own, which is stopped with Ctrl-S once it is ready. */
  terminal?: true;
  /** Body of a plugin's `apply` that may hang for ever. */
  hanger?: string;
  log?: string;
  /** What the summary says of what was dropped, beside `matches` and their parts. */
  dropped: object;
  stderr: RegExp;
}

const some = expect.any(Number) as number;
const CASES: Record<string, Case> = {
  'a pipe of JSON that nobody reads': {
    args: '--output json --source journal',
    prepare: 'exec >pipe',
    dropped: { unwritten: some },
    stderr: /\d+ results were not written: their reader was too slow/,
  },
  'one pipe for stdout and stderr that nobody reads': {
    args: '--source nflog',
    prepare: 'exec >pipe 2>&1',
    dropped: {},
    stderr: /^$/,
  },
  'a terminal that was stopped with Ctrl-S': {
    args: '--output json --source nflog',
    terminal: true,
    dropped: { unwritten: some },
    stderr: /\d+ results were not written: their reader was too slow/,
  },
  'a plugin whose resolve, armed, done and dispose never come back': {
    args: '--output quiet --source nflog',
    hanger: `
      trap.hooks.resolve.tapPromise('hanger', forEver);
      trap.hooks.armed.tapPromise('hanger', forEver);
      trap.hooks.done.tapPromise('hanger', forEver);
      return { [Symbol.asyncDispose]: forEver };`,
    dropped: { missed: { hanger: some } },
    stderr: /plugin hanger: failed 0 times, timed out \d+ times, missed \d{4} sightings/,
  },
  'a plugin whose enrich and report never come back, and a FIFO that nobody reads': {
    args: '--output quiet --source nflog',
    prepare: 'mkfifo -m 600 log',
    hanger: `
      trap.hooks.enrich.tapPromise('hanger', forEver);
      trap.hooks.report.tapPromise('hanger', forEver);`,
    dropped: { missed: { hanger: some } },
    // the summary is shorter than a sighting: there may be room for it
    stderr: /json-logger: (?:threw in dispose: )?\d{3,} lines not written/,
  },
  'commands that never end, and a full disk': {
    args: '--output quiet --source nflog -e "sleep 1000; :"',
    prepare: 'mkdir disk; mount -t tmpfs -o size=64k ptrap-test disk',
    log: 'disk/log',
    dropped: { missed: { exec: some } },
    stderr: /plugin json-logger: threw in report: ENOSPC/,
  },
};

/** A packet's line of JSON has some 1,200 characters: together more than may wait and a pipe holds. */
const SENT = 6000;
const RATE = 1500;
/** What it may take to let go of all, in ms: three times 5 s for what never ends, and a loaded machine. */
const END_MS = 25_000;
const FLOOD = fileURLToPath(new URL('../senders/flood.pl', import.meta.url));

const config = ({ hanger = '', log = 'log' }: Case): string => `
import { writeFileSync } from 'node:fs';
import { definePlugin } from 'ptrap';
import { jsonLogger } from 'ptrap/plugins';
const forEver = () => new Promise(() => undefined);
export default {
  targets: ['10.77.0.2:9/udp'], hold: 'none', limitPer: 'none',
  plugins: [
    jsonLogger({ file: './${log}' }),
    definePlugin({ name: 'observer', apply(trap) {
      trap.hooks.armed.tap('observer', () => writeFileSync('ready', ''));
      trap.hooks.done.tap('observer', summary => writeFileSync('summary', JSON.stringify(summary)));
    } }),
    definePlugin({ name: 'hanger', limits: { timeoutMs: 3_600_000 }, apply(trap) {${hanger}} }),
  ],
};`;

/** What came of a case. */
interface Result {
  summary: Summary;
  code: number | null;
  stderr: string;
  endMs: number;
  /** The most memory that it ever had, in MiB, and what it had before the packets came. */
  memory: { ready: number; most: number };
}

const stage = useStage();
const pipes: FileHandle[] = [];
const results = new Map<string, Result>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-pressure-'));
  const running = await Promise.all(Object.entries(CASES).map(([name, each]) => start(name, each)));
  const [sent] = (await stage.namespace.must(`perl ${FLOOD} 10.77.0.2 9 ${SENT} ${RATE}`)).split(' ');
  expect(Number(sent)).toBe(SENT);
  for (const [name, end] of await Promise.all(running.map(end => end()))) results.set(name, end);
}, 60_000);
afterAll(async () => {
  await Promise.all(pipes.map(pipe => pipe.close()));
  await rm(folder, { recursive: true });
});

/** Starts one and waits until it is ready; gives what sends it a SIGINT and waits for its end. */
async function start(name: string, each: Case): Promise<() => Promise<[string, Result]>> {
  const cwd = join(folder, String(Object.keys(CASES).indexOf(name)));
  await mkdir(cwd);
  await writeFile(`${cwd}/ptrap.config.mjs`, config(each));
  await stage.namespace.must(`mkfifo ${cwd}/pipe`);
  pipes.push(await open(`${cwd}/pipe`, 'r+')); // so that to open it does not wait
  const { pid, end } = each.terminal ? onTerminal(cwd, each) : asProgram(cwd, each);
  while (!existsSync(`${cwd}/ready`)) await sleep(50);
  await sleep(100);
  const ready = memoryOf(await pid(), 'VmRSS');
  return async () => {
    const most = memoryOf(await pid(), 'VmHWM');
    const asked = performance.now();
    process.kill(await pid(), 'SIGINT');
    const { code, stderr } = await end();
    const endMs = performance.now() - asked;
    const summary = JSON.parse(readFileSync(`${cwd}/summary`, 'utf8')) as Summary;
    return [name, { summary, code, stderr, endMs, memory: { ready, most } }];
  };
}

const ARGS = ['watch', '--config', 'ptrap.config.mjs'];

function asProgram(cwd: string, { args, prepare = ':' }: Case) {
  // the words of `args`, as a shell reads them
  const program = stage.ptrap(ARGS, { prepare: `${prepare}; set -- "$@" ${args}`, cwd, detached: true });
  return { pid: () => Promise.resolve(program.pid), end: () => program.end() };
}

function onTerminal(cwd: string, { args }: Case) {
  const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
  const command = `echo $$ > pid; exec ${process.execPath} ${cli} ${ARGS.join(' ')} ${args} 2>stderr`;
  const child = stage.namespace.spawn('script', ['-qfec', command, '/dev/null'], { cwd });
  child.stdout!.on('data', (text: Buffer) => {
    if (String(text).includes('"ready"')) child.stdin!.write('\x13');
  });
  const closed = once(child, 'close');
  return {
    pid: () => Promise.resolve(Number(readFileSync(`${cwd}/pid`, 'utf8'))),
    async end() {
      const [code] = (await closed) as [number | null];
      return { code, stderr: readFileSync(`${cwd}/stderr`, 'utf8') };
    },
  };
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

describe.each(Object.entries(CASES))('%s', (name, { dropped, stderr: said }) => {
  it('stops neither the matches nor the end, takes no more and more memory, and is told of', () => {
    const { summary, code, stderr, endMs, memory } = results.get(name)!;
    const { matches, resolved, unresolved, suppressed, lost, missed = {}, unwritten } = summary;
    console.log(
      `${name}: ${matches} matches, ${resolved} resolved, ${lost} lost; ${JSON.stringify({ missed, unwritten })};`,
      `${memory.ready.toFixed(0)} to ${memory.most.toFixed(0)} MiB; ended after ${(endMs / 1000).toFixed(1)} s`,
    );
    expect({ code, matches, reason: summary.reason }).toEqual({ code: 0, matches: SENT, reason: 'signal' });
    expect(resolved + unresolved + suppressed + lost).toBe(SENT);
    // six ptraps at once may be too much for a machine: what was lost before could not pile up behind
    if (lost < SENT / 10) {
      expect(summary).toMatchObject(dropped);
      expect(stderr).toMatch(said);
    } else console.log(`too busy a machine to fill what waits: ${lost} of ${SENT} were lost before`);
    expect(endMs).toBeLessThan(END_MS);
    expect(memory.most - memory.ready).toBeLessThan(150);
  });
});
