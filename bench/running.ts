import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAccount, type Account } from './account.js';
import { now, readLines, wallAhead, type Lines } from './lines.js';
import type { Ground, Place } from './place.js';
import type { Tool } from './tools.js';

/** A tool that runs and is in place. */
export interface Running extends AsyncDisposable {
  /** From its start until it was in place, in ms. */
  readonly readyMs: number;
  /** Of the tool itself; 0 for no tool. */
  readonly pid: number;
  readonly account: Omit<Account, 'add' | typeof Symbol.asyncDispose>;
  readonly lines: Lines;
  /** wallAhead() at its start: its own clock starts there. */
  readonly wallAhead: number;
  /** Waits until it has said so much since then, or has fallen silent. */
  settle(time: number, count: number): Promise<void>;
  /** @throws when it has ended by itself, with its last words */
  requireAlive(): void;
  /** Asks it to end, and waits until it has said its last word. */
  end(): Promise<void>;
}

/** How patient we are, in ms. */
export interface Patience {
  /** For a tool to be in place, and to end. */
  readyMs: number;
  /** No more is expected of a tool that has been silent for so long after the last sender. */
  silentMs: number;
  /** Nor of one that is still talking after so long. */
  settleMs: number;
}

/** What comes together with the last line that was waited for still counts. */
const TOGETHER_MS = 50;
/** So much of what a tool said last is told when it has ended. */
const LAST_LINES = 12;

/** What a tool runs in; `probe` is asked for only by one that does not say when it is in place. */
export type Surroundings = Ground & Partial<Pick<Place, 'probe'>>;

/** Starts a tool and waits until it is in place. @throws when it ends or is not ready in time, with its last words */
export async function startTool(place: Surroundings, tool: Tool, patience: Patience): Promise<Running> {
  const account = openAccount();
  const ahead = wallAhead();
  const started = now();
  const child = tool.command && place.spawn(tool.command[0], tool.command.slice(1), { detached: true });
  if (child) account.add(child.pid!);
  const lines = readLines(child?.stdout ?? undefined, line => tool.parse(line));

  const stop = (): Promise<void> => (child ? end(child, patience.readyMs) : Promise.resolve());

  async function dispose(): Promise<void> {
    await stop();
    await account[Symbol.asyncDispose]();
  }

  try {
    let words = '';
    child?.stderr!.setEncoding('utf8').on('data', (text: string) => (words += text));
    const fail = (why: string): Error =>
      new Error(`${tool.name}: ${why}: ${words.trim().split('\n').slice(-LAST_LINES).join('\n  ')}`);
    const inPlace = child ? await waitFor(place, tool, child, lines, patience, fail) : started;
    return {
      readyMs: inPlace - started,
      pid: child?.pid ?? 0,
      account,
      lines,
      wallAhead: ahead,
      async settle(time, count) {
        const began = now();
        while (child && lines.since(time).length < count && now() - began < patience.settleMs) {
          if (now() - Math.max(began, lines.last()) > patience.silentMs) return;
          await sleep(TOGETHER_MS);
        }
        await sleep(TOGETHER_MS);
      },
      requireAlive() {
        if (child && hasEnded(child)) throw fail(`ended with ${child.exitCode ?? child.signalCode}`);
      },
      end: stop,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** When the tool was in place: it said so, or it has seen a probe packet. */
async function waitFor(
  place: Surroundings,
  { ready }: Tool,
  child: ChildProcess,
  lines: Lines,
  { readyMs, silentMs }: Patience,
  fail: (why: string) => Error,
): Promise<number> {
  const prober = ready ? undefined : place.probe?.();
  const began = now();
  while (!(ready ? lines.find(ready) : lines.since(0).length > 0)) {
    if (hasEnded(child) || now() - began > readyMs) {
      if (prober) await end(prober, readyMs);
      throw fail(hasEnded(child) ? `ended with ${child.exitCode}` : `not in place after ${readyMs} ms`);
    }
    await sleep(5);
  }
  const inPlace = lines.last();
  if (prober) {
    await end(prober, readyMs);
    await sleep(silentMs); // until it has nothing more to say of the probes
  }
  return inPlace;
}

/** Ends a child and its process group, and waits for it. */
async function end(child: ChildProcess, patienceMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const close = once(child, 'close');
  process.kill(-child.pid!, 'SIGTERM');
  const late = new AbortController();
  await Promise.race([close, sleep(patienceMs, undefined, { signal: late.signal })]);
  late.abort();
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
