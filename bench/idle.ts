import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournald } from '../scripts/journald.js';
import { memoryKib } from './account.js';
import { PATIENCE } from './compare.js';
import { sendFlows } from './flows.js';
import { now } from './lines.js';
import type { Ground } from './place.js';
import { startTool } from './running.js';
import { ptrap, PTRAP } from './tools.js';

/** ptrap at rest, once. */
export interface Rest {
  source: string;
  readyMs: number;
  /** Of one core, in percent: when nothing passes at all, at first and then, and beside 1,000 packets a second that do not match. */
  cpuFirst: number;
  cpu: number;
  cpuBeside: number;
  /** Resident memory of ptrap's own process and of the tools that it keeps running, in MiB. */
  ownMib: number;
  allMib: number;
}

/** All figures at rest, run by run. */
export interface Idle {
  rests: Rest[];
  /** Why a source cannot be had here. */
  failed: string[];
  /** Resident memory of a node that does nothing, in MiB. */
  bareMib: number[];
  /** `ptrap --help`, start to end. */
  helpMs: number[];
}

const SOURCES = ['journal', 'nflog'];
/** How long nothing passes at all, twice: V8 cleans up once after the start. */
export const REST_SECONDS = 15;
const HELPS = 20;

/** Looks at ptrap while nothing happens. */
export async function measureIdle(runs: number, say: (line: string) => void): Promise<Idle> {
  const idle: Idle = { rests: [], failed: [], bareMib: [], helpMs: helpTimes() };
  await using _journald = await openJournald();
  for (let run = 1; run <= runs; run += 1) {
    idle.bareMib.push(await bareMib());
    for (const source of SOURCES) {
      if (idle.failed.some(why => why.includes(`ptrap ${source}`))) continue;
      try {
        idle.rests.push(await measureRest(source));
        say(JSON.stringify(idle.rests.at(-1)));
      } catch (error) {
        idle.failed.push(String(error));
        say(String(error));
      }
    }
  }
  return idle;
}

/** No namespace: ptrap as it is used. */
const here: Ground = { spawn: (file, args, options) => spawn(file, args, options) };

/** Addresses that nobody has, and packets to nobody on this machine: nothing leaves it. */
const TARGET = '198.51.100.1:53';
const OTHERS = { address: '127.0.0.1', port: 9, perSecond: 1_000, seconds: 10, keep: 0 };

async function measureRest(source: string): Promise<Rest> {
  await using running = await startTool(here, ptrap(source, '', [], TARGET), PATIENCE.host);
  const { account, readyMs, pid } = running;
  const share = async (during: Promise<unknown>): Promise<number> => {
    const [cpu, began] = [account.cpuSeconds(), now()];
    await during;
    return (100 * (account.cpuSeconds() - cpu)) / ((now() - began) / 1_000);
  };
  await sleep(2_000);
  const cpuFirst = await share(sleep(REST_SECONDS * 1_000));
  const cpu = await share(sleep(REST_SECONDS * 1_000));
  const cpuBeside = await share(sendFlows(here, OTHERS));
  const ownMib = memoryKib(pid, 'VmRSS') / 1_024;
  return { source, readyMs, cpuFirst, cpu, cpuBeside, ownMib, allMib: account.residentKib() / 1_024 };
}

async function bareMib(): Promise<number> {
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
  await sleep(2_000);
  const mib = memoryKib(node.pid!, 'VmRSS') / 1_024;
  node.kill('SIGKILL');
  return mib;
}

function helpTimes(): number[] {
  return Array.from({ length: HELPS }, () => {
    const began = now();
    spawnSync(process.execPath, [PTRAP, '--help'], { stdio: 'ignore' });
    return now() - began;
  });
}
