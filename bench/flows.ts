import { setInterval as every } from 'node:timers/promises';
import type { Summary } from '../src/events.js';
import { outcomeOf } from '../test/netns/namespace.js';
import { memoryKib } from './account.js';
import { PATIENCE } from './compare.js';
import { openPlace, script, whole, type Ground, type Place } from './place.js';
import { startTool } from './running.js';
import { TARGET } from './target.js';
import { ptrap } from './tools.js';

/** What a flood of new flows showed. */
export interface FlowsResult {
  limit: string;
  /** How many sockets the sender keeps open. */
  keep: number;
  sent: number;
  /** What the sender reached. */
  perSecond: number;
  /** Sightings printed, and how many packets they stand for. */
  sightings: number;
  counted: number;
  summary: Summary | undefined;
  /** Resident memory of ptrap's process, once a second from ready to the end, in MiB. */
  memory: number[];
  cpuSeconds: number;
}

/** It may take a while to work off what came meanwhile. */
const PATIENCE_HERE = { ...PATIENCE.host, settleMs: 30_000 };

/** New UDP flows from one process. */
interface Flows {
  address: string;
  port: number;
  perSecond: number;
  seconds: number;
  /** How many sockets it keeps open. */
  keep: number;
}

const FLOWS = { address: TARGET.address, port: TARGET.port, perSecond: 5_000, seconds: 30 };

/** ptrap nflog against 5,000 new flows a second, with and without its limit. */
export async function measureFlows(say: (line: string) => void): Promise<FlowsResult[]> {
  const results: FlowsResult[] = [];
  await using place = await openPlace();
  for (const keep of [0, 1_000]) {
    for (const limit of ['none', 'connection']) {
      results.push(await measureOne(place, limit, keep));
      say(JSON.stringify(results.at(-1)));
    }
  }
  return results;
}

async function measureOne(place: Place, limit: string, keep: number): Promise<FlowsResult> {
  let [sightings, counted] = [0, 0];
  const tool = {
    ...ptrap('nflog', '', ['--limit-per', limit]),
    parse: (line: string) => {
      const [, count] = /"type":"sighting".*?"count":(\d+)/.exec(line) ?? [];
      if (count === undefined) return undefined;
      sightings += 1;
      counted += Number(count);
      return { pids: [] };
    },
  };
  await using running = await startTool(place, tool, PATIENCE_HERE);
  const before = running.account.cpuSeconds();
  const over = new AbortController();
  const memory = watchMemory(running.pid, over.signal);
  const { sent, seconds } = await sendFlows(place, { ...FLOWS, keep });
  await running.settle(0, Infinity);
  over.abort();
  const cpuSeconds = running.account.cpuSeconds() - before;
  await running.end();
  running.lines.since(0);
  const last = running.lines.find(/"type":"summary"/);
  return {
    limit,
    keep,
    sent,
    perSecond: sent / seconds,
    sightings,
    counted,
    summary: last === undefined ? undefined : (JSON.parse(last) as Summary),
    memory: await memory,
    cpuSeconds,
  };
}

/** Sends them; tells what was reached. */
export async function sendFlows(
  ground: Ground,
  { address, port, perSecond, seconds, keep }: Flows,
): Promise<{ sent: number; seconds: number }> {
  const words = [address, port, perSecond, seconds, keep].map(String);
  const sender = ground.spawn('perl', [script('flows.pl'), ...words], { detached: true });
  const [sent, took] = whole(await outcomeOf(sender), 'flows.pl')
    .stdout.split(' ')
    .map(Number);
  return { sent: sent!, seconds: took! };
}

async function watchMemory(pid: number, signal: AbortSignal): Promise<number[]> {
  const memory = [memoryKib(pid, 'VmRSS') / 1_024];
  try {
    for await (const _ of every(1_000, undefined, { signal })) memory.push(memoryKib(pid, 'VmRSS') / 1_024);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return memory;
}
