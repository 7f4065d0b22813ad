import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../src/match/journal.js';
import { openNft } from '../src/nft/session.js';
import { openResolver } from '../src/resolve/resolver.js';
import { applyRules } from '../src/rules/apply.js';
import { newInstance } from '../src/run.js';
import { lookupTargets } from '../src/target/lookup.js';
import { parseTarget } from '../src/target/parse.js';
import { openTeardown } from '../src/teardown/stack.js';

/** From send to resolved match through `--source journal`, with and without the nudge: p50, p99, longest, in ms. */
const PACKETS = Number(process.argv[2] ?? 200);
const TARGET = '127.73.0.1:9/udp';

async function measure(nudge: boolean): Promise<number[]> {
  const instance = newInstance();
  await using teardown = await openTeardown(instance, [TARGET]);
  const nft = await openNft();
  teardown.defer(() => nft[Symbol.asyncDispose]());
  const targets = await lookupTargets([parseTarget(TARGET)]);
  const { counters } = await applyRules(nft, teardown, targets, {
    instance,
    newConnections: false,
    limit: undefined,
  });
  const say = (line: string): void => console.error(line);
  const source = await openJournal(teardown, { instance, targets: [TARGET], counters, nudge, say });
  using resolver = openResolver();

  const socket = createSocket('udp4').bind();
  await once(socket, 'listening');
  const matches = source.matches[Symbol.asyncIterator]();
  const latencies: number[] = [];
  for (let packet = 0; packet < PACKETS; packet += 1) {
    const next = matches.next();
    const sent = performance.now();
    socket.send('x', 9, '127.73.0.1');
    const arrived = await next;
    if (arrived.done) throw new Error('the source ended');
    const resolution = await resolver.resolve(arrived.value.match);
    if (resolution.status !== 'resolved') throw new Error(`unresolved: ${resolution.reason}`);
    latencies.push(performance.now() - sent);
    await sleep(Math.random() * 40);
  }
  socket.close();
  return latencies.sort((a, b) => a - b);
}

for (const nudge of [true, false]) {
  const latencies = await measure(nudge);
  const at = (share: number): string =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!.toFixed(1);
  console.log(
    `${nudge ? 'with' : 'without'} nudge: p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms (${latencies.length} packets)`,
  );
}
