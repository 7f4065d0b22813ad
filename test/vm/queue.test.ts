import { beforeAll, describe, expect, it } from 'vitest';
import type { Job } from './jobs.js';
import type { Machine } from './machine.js';
import { snapshot, useNetwork, wires } from './network.js';
import { endWatch, eventsOf, startWatch } from './watch.js';

const SERVER = wires[0]!.server;
const OTHER = wires[1]!.server;
const QUEUES = 'cat /proc/net/netfilter/nfnetlink_queue';
/** A plugin that answers nothing for ever must keep no packet waiting. */
const CONFIG = `
import { definePlugin } from 'ptrap';
const forEver = () => new Promise(() => undefined);
export default { plugins: [definePlugin({
  name: 'hanger',
  limits: { timeoutMs: 3_600_000, concurrency: 1 },
  apply(trap) {
    trap.hooks.enrich.tapPromise('hanger', forEver);
    trap.hooks.resolve.tapPromise('hanger', forEver);
  },
})] };
`;

/** Packets, each a flow of its own, and how many a second are asked for. */
const FLOOD = { count: 12_000, rate: 20_000 };
/** The far end counts what arrives, and nobody answers. */
const COUNT_ARRIVALS = `
table inet arrivals {
  chain input {
    type filter hook input priority 0;
    udp dport 9 counter drop
  }
}`;

let vm: Machine;
let before: string;
useNetwork(machine => (vm = machine));
beforeAll(async () => void (before = await snapshot(vm)));

const start = (targets: string, options = '') =>
  startWatch(vm, `${targets} --source queue --limit-per none --output json ${options}`);

const lines = (text: string): number[] => text.trim().split('\n').map(Number);

/** The pids of processes that sent one datagram each, all at once, and had their answer. */
const waiters = async (count: number): Promise<number[]> =>
  lines(await vm.must(`perl test/senders/udp-waiters.pl ${SERVER} 53 ${count}`, { timeoutMs: 300_000 }));

/** Whoever was named, alone, for packets to a port. */
const named = (watch: Job, port: number): number[] =>
  eventsOf(watch, 'sighting').flatMap(({ flow, resolution }) =>
    flow.dst.port === port && resolution.status === 'resolved'
      ? resolution.processes.map(({ pid }) => pid)
      : [],
  );

/** A burst of numbered packets of one flow, sent; what came back is told at its end. */
async function burst(count: number, server = SERVER): Promise<Job> {
  const job = vm.start(`exec node test/senders/udp-burst.mjs ${server} 53 ${count}`);
  await job.waitFor(/sent/);
  return job;
}

describe('ptrap watch --source queue', () => {
  it('names 500 of 500 short-lived senders of a flood that wait, and 20 of 20 tcp connects, none wrong', async () => {
    const { watch, ready } = await start(`${SERVER}:53/udp ${SERVER}:80/tcp`, '--no-config --delay 50s');
    expect(ready).toMatchObject({ source: 'queue', hold: { strategy: 'queue', delayMs: 50_000 } });
    const connects = lines(
      await vm.must(`for i in $(seq 20); do bash test/senders/tcp-connect.sh ${SERVER} 80; done`),
    );
    const flood = await waiters(500);
    expect(flood).toHaveLength(500);
    const burst = await vm.must(`exec node test/senders/udp-burst.mjs ${SERVER} 53 200`);
    expect(burst).toContain('200 in order');

    const summary = await endWatch(watch, 'SIGINT');
    expect(named(watch, 80)).toEqual(connects);
    const others = named(watch, 53).filter(pid => !flood.includes(pid));
    expect(flood.filter(pid => named(watch, 53).includes(pid))).toHaveLength(500);
    expect(new Set(others).size).toBe(1); // who sent the burst
    expect(summary).toMatchObject({ lost: 0, unresolved: 0, suppressed: 0 });
    expect(summary.unnamed).toBeUndefined();
    const waits = eventsOf(watch, 'sighting').map(({ resolution }) =>
      resolution.status === 'resolved' ? resolution.latencyMs : NaN,
    );
    console.log(`500 of 500 named; the longest look-up took ${Math.max(...waits).toFixed(0)} ms`);
    expect(await snapshot(vm)).toBe(before);
    expect(await vm.must(QUEUES)).toBe('');
  });

  it('holds no packet for a plugin that hangs or for itself when it is stopped, and loses none when it is killed', async () => {
    await vm.must(`mkdir -p /run/hang && cat > /run/hang/ptrap.config.mjs <<'END'\n${CONFIG}\nEND`);
    const { watch, ready } = await start(`${SERVER}:53/udp`, '--config /run/hang/ptrap.config.mjs');
    expect(ready.hold).toEqual({ strategy: 'queue', delayMs: 100 });
    const other = await start(`${SERVER}:53/udp`, '--no-config --delay 10s');
    const five = await waiters(5);
    await expect.poll(() => named(other.watch, 53).sort(), { timeout: 20_000 }).toEqual(five.sort());
    await endWatch(other.watch, 'SIGINT');

    watch.signal('SIGSTOP');
    const passing = await (await burst(50)).end();
    expect(passing.stdout).toContain('50 in order');
    const held = await burst(200);
    watch.signal('SIGKILL');
    expect((await held.end()).stdout).toContain('200 in order');
    await expect.poll(() => vm.must('nft list ruleset'), { timeout: 20_000 }).toBe('');
    await expect.poll(() => vm.must(QUEUES), { timeout: 20_000 }).toBe('');
    await expect
      .poll(() => vm.run('pgrep -f queue-keeper'), { timeout: 20_000 })
      .toMatchObject({ stdout: '' });
    await vm.must('node dist/src/cli.js cleanup', { timeoutMs: 120_000 });
    expect(await snapshot(vm)).toBe(before);
  });

  it('lets the rest pass when a queue is full, counts what it missed, and loses none when its keeper is killed', async () => {
    const { watch } = await start(`${SERVER}:53/udp ${OTHER}:53/udp`, '--no-config');
    const keeper = (signal: string): Promise<string> =>
      vm.must(`pkill -${signal} -f '^[^ ]*node .*queue-keeper'`);
    await keeper('STOP');
    const flood = vm.start(`perl test/senders/udp-waiters.pl ${SERVER} 53 600`);
    await flood.waitFor(/\d/); // an answer: that one was not held
    await keeper('CONT');
    expect(lines((await flood.end(120_000)).stdout)).toHaveLength(600);

    await keeper('STOP');
    const held = await burst(200, OTHER);
    await keeper('KILL');
    expect((await held.end()).stdout).toContain('200 ');
    const { code, stderr } = await watch.end(60_000);
    const { matches, lost } = eventsOf(watch, 'summary')[0] ?? {};
    console.log(`600 sent while it was stopped: ${lost} of ${matches} passed unseen`);
    expect(code).toBe(1);
    expect(stderr).toContain('PTRAP_E_SOURCE_ENDED');
    expect(await snapshot(vm)).toBe(before);
    expect(await vm.must(QUEUES)).toBe('');
  });

  it('loses none when the keeper is killed with all that stands behind it', async () => {
    const { watch } = await start(`${SERVER}:53/udp`, '--no-config --delay 30s');
    await vm.must(`pkill -STOP -f '^[^ ]*node .*queue-keeper'`);
    const held = await burst(200);
    await vm.must('pkill -KILL -f queue-keeper');
    expect((await held.end(20_000)).stdout).toContain('200 in order');
    const { code, stderr } = await watch.end(60_000);
    expect(code).toBe(1);
    expect(stderr).toContain('PTRAP_E_SOURCE_ENDED');
    expect(await snapshot(vm)).toBe(before);
    expect(await vm.must(QUEUES)).toBe('');
  });
});

/** Minutes long in an emulated machine: where PTRAP_TEST_FLOOD is set. */
describe.runIf(process.env['PTRAP_TEST_FLOOD'])('a flood', () => {
  it('passes whole, held by netem or in a queue, and the counts add up to it', async () => {
    await vm.must(`ip netns exec far nft -f - <<'END'${COUNT_ARRIVALS}\nEND`);
    const target = `${SERVER}:9/udp --no-config --limit-per none --output json`;
    const watches = await Promise.all(
      ['journal --hold netem', 'nflog --hold none', 'queue'].map(async source => {
        const { watch } = await startWatch(vm, `${target} --source ${source}`);
        return { source, watch, memory: await memoryOf(watch, 'VmRSS') };
      }),
    );
    const words = `test/senders/flood.pl ${SERVER} 9 ${FLOOD.count} ${FLOOD.rate} ${FLOOD.count}`;
    const said = await vm.must(`ulimit -n 65536; perl ${words}`, { timeoutMs: 120_000 });
    const [sent, seconds] = said.split(' ').map(Number);
    console.log(`${sent} sent, ${(sent! / seconds!).toFixed(0)} a second`);
    for (const { source, watch, memory } of watches) {
      const most = await memoryOf(watch, 'VmHWM');
      const { matches, resolved, unresolved, suppressed, lost } = await endWatch(watch, 'SIGINT');
      console.log(
        `${source}: ${matches} matches: ${resolved} resolved, ${unresolved} unresolved,`,
        `${suppressed} suppressed, ${lost} lost; ${memory} to ${most} MiB`,
      );
      expect(resolved + unresolved + suppressed + lost).toBe(matches);
      expect(matches).toBe(FLOOD.count);
      expect(eventsOf(watch, 'sighting')).toHaveLength(resolved + unresolved);
      expect(most - memory).toBeLessThan(150);
    }
    expect(await vm.must('ip netns exec far nft list table inet arrivals')).toContain(
      `packets ${FLOOD.count} `,
    );
    expect(await snapshot(vm)).toBe(before);
  });
});

/** What ptrap's own process takes or has taken, in MiB. */
async function memoryOf(watch: Job, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const kib = await vm.must(`awk '/^${field}:/ { print $2 }' /proc/${await watch.pid()}/status`);
  return Math.round(Number(kib) / 1024);
}
