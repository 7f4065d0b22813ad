import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../vm/machine.js';

/** Numbered packets, to what may be held and beside it, for as long as the machine runs. */
export interface Traffic {
  /** What was sent since the last call, and what has become of it. */
  account(): Promise<Account>;
}

export interface Account {
  sent: number;
  lost: number;
  /** Packets that a later one of their flow was ahead of: those to the held port, and those beside it. */
  overtaken: { held: number; beside: number };
}

/** How long a packet may take, in ms: longer than any delay. */
const PATIENCE_MS = 60_000;

/** Between which network namespaces, each that of a pid, to which addresses, and how often. */
interface TrafficOptions {
  near: number;
  far: number;
  addresses: readonly string[];
  everyMs: number;
}

type Tally = Record<'held' | 'beside', { highest: number; overtaken: number; missing: number[] }>;

/** Starts a sender and a receiver (traffic.pl) in two network namespaces. */
export async function openTraffic(
  machine: Pick<Machine, 'start'>,
  { near, far, addresses, everyMs }: TrafficOptions,
): Promise<Traffic> {
  const start = async (pid: number, args: string) => {
    const job = machine.start(`exec nsenter -t ${pid} -n perl test/kills/traffic.pl ${args}`);
    await job.waitFor(/up\n/);
    let asked = 0;
    return async (): Promise<string> => {
      asked += 1;
      job.signal('SIGUSR1');
      await job.waitFor(new RegExp(`^up\\n(?:.*\\n){${asked}}`), 600_000);
      if (/^(strange|twice).*/m.test(job.stdout())) throw new Error(job.stdout().slice(-500));
      return job.stdout().trimEnd().split('\n').at(-1)!;
    };
  };
  const received = await start(far, 'receive');
  const sent = await start(near, `send ${everyMs} ${addresses.join(' ')}`);
  let before = { held: 0, beside: 0 };
  let overtaken = { held: 0, beside: 0 };
  const known = { held: new Set<number>(), beside: new Set<number>() };

  return {
    async account() {
      const [, held, beside] = (/held (\d+) beside (\d+)/.exec(await sent()) ?? []).map(Number);
      const now = { held: held!, beside: beside! };
      const classes = ['held', 'beside'] as const;
      const started = performance.now();
      let tally: Tally;
      let missing: Record<'held' | 'beside', number[]>;
      for (;;) {
        tally = readTally(await received());
        const isMissing = (name: 'held' | 'beside') => (number: number) =>
          number <= now[name] && !known[name].has(number);
        missing = {
          held: tally.held.missing.filter(isMissing('held')),
          beside: tally.beside.missing.filter(isMissing('beside')),
        };
        const isThere = classes.every(name => tally[name].highest >= now[name] && missing[name].length === 0);
        if (isThere || performance.now() - started > PATIENCE_MS) break;
        await sleep(100);
      }
      for (const name of classes) missing[name].forEach(number => known[name].add(number));
      const account: Account = {
        sent: now.held + now.beside - before.held - before.beside,
        lost: missing.held.length + missing.beside.length,
        overtaken: {
          held: tally.held.overtaken - overtaken.held,
          beside: tally.beside.overtaken - overtaken.beside,
        },
      };
      before = now;
      overtaken = { held: tally.held.overtaken, beside: tally.beside.overtaken };
      return account;
    },
  };
}

function readTally(line: string): Tally {
  const read = (name: string): Tally['held'] => {
    const [, highest, overtaken, missing] =
      new RegExp(`${name} (\\d+) (\\d+) \\[([\\d,]*)\\]`).exec(line) ?? [];
    return {
      highest: Number(highest),
      overtaken: Number(overtaken),
      missing: missing ? missing.split(',').map(Number) : [],
    };
  };
  return { held: read('held'), beside: read('beside') };
}
