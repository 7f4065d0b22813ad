import { beforeAll, describe, expect, it } from 'vitest';
import type { Ready, Sighting } from '../../src/events.js';
import type { Job } from './jobs.js';
import type { Machine } from './machine.js';
import { snapshot, useNetwork, wires } from './network.js';
import { endWatch, eventsOf, startWatch } from './watch.js';

const TARGETS = wires.flatMap(({ server }) => [`${server}:53/udp`, `${server}:80/tcp`]).join(' ');
const SENDERS = 40;

let vm: Machine;
let before: string;
useNetwork(machine => (vm = machine));
beforeAll(async () => void (before = await snapshot(vm)));

const start = (options: string) => startWatch(vm, `${TARGETS} -c --no-config --output json ${options}`);

/** Runs 40 senders, each its own process, ten on each wire; gives their pids. */
async function senders(script: string, port: number): Promise<number[]> {
  const servers = Array.from({ length: SENDERS }, (_, index) => wires[index % wires.length]!.server).join(
    ' ',
  );
  const lines = await vm.must(`for s in ${servers}; do bash test/senders/${script} $s ${port}; done`, {
    timeoutMs: 300_000,
  });
  return lines.trim().split('\n').map(Number);
}

/** How many of the senders were named, alone, and how many sightings named anyone else. */
function judge(sightings: readonly Sighting[], pids: readonly number[]): { named: number; wrong: number } {
  const answers = sightings.flatMap(({ resolution }) =>
    resolution.status === 'resolved' && resolution.processes.length > 0
      ? [resolution.processes.map(({ pid }) => pid)]
      : [],
  );
  return {
    named: pids.filter(pid => answers.some(answer => answer.length === 1 && answer[0] === pid)).length,
    wrong: answers.filter(answer => !answer.every(pid => pids.includes(pid))).length,
  };
}

/** Waits until there are so many sightings of packets to this port. */
async function sightingsOf(watch: Job, port: number, count: number): Promise<Sighting[]> {
  const found = (): Sighting[] => eventsOf(watch, 'sighting').filter(({ flow }) => flow.dst.port === port);
  await expect.poll(() => found().length, { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(count);
  return found();
}

describe('the test network', () => {
  it.each(wires)('has $qdisc on $device', async ({ qdisc, device }) => {
    expect(await vm.must(`tc qdisc show dev ${device}`)).toContain(`qdisc ${qdisc} `);
  });
});

describe('ptrap watch with --hold netem and --delay auto', () => {
  let watch: Job;
  let ready: Ready;
  beforeAll(async () => {
    ({ watch, ready } = await start('--hold netem'));
  });

  it('measures the source and sets the delay from it', () => {
    expect(ready.hold.strategy).toBe('netem');
    expect(ready.hold.delayMs).toBeGreaterThan(ready.sourceLatencyMs);
    console.log(`source latency ${ready.sourceLatencyMs.toFixed(1)} ms, delay ${ready.hold.delayMs} ms`);
  });

  it.each([
    ['UDP senders that exit on the reply', 'udp-wait.sh', 53],
    ['tcp connects', 'tcp-connect.sh', 80],
  ])('names 40 of 40 %s, none wrong', async (name, script, port) => {
    const pids = await senders(script, port);
    const { named, wrong } = judge(await sightingsOf(watch, port, SENDERS), pids);
    console.log(`hold netem, ${name}: ${named} of ${SENDERS} named, ${wrong} wrong`);
    expect({ named, wrong }).toEqual({ named: SENDERS, wrong: 0 });
  });

  it('knows them well: command line and ancestors up to systemd', () => {
    const [sighting] = eventsOf(watch, 'sighting');
    if (sighting?.resolution.status !== 'resolved') throw new Error('unresolved');
    const [sender] = sighting.resolution.processes;
    expect(sender).toMatchObject({ comm: 'bash', user: 'root', container: null });
    expect(sender!.argv).toContain('test/senders/udp-wait.sh');
    expect(sender!.ancestors.at(-1)).toMatchObject({ pid: 1, comm: 'systemd' });
    expect(sender!.unit).toMatch(/\.service$/);
  });

  it('holds the opening SYN, and leaves the established connection its speed', async () => {
    const [connecting, talking] = (
      await vm.must('node test/senders/tcp-ping-pong.mjs 10.20.3.2 80 50')
    ).split(' ');
    expect(Number(connecting)).toBeGreaterThanOrEqual(ready.hold.delayMs);
    expect(Number(talking)).toBeLessThan(50 * ready.hold.delayMs);
  });

  it('holds nothing that is not for a target', async () => {
    const held = (): Promise<string> =>
      vm.must(`cat /sys/class/net/ptrap${ready.instance}/statistics/rx_packets`);
    const before = await held();
    await vm.must('bash test/senders/udp-wait.sh 10.20.2.2 54');
    expect(await held()).toBe(before);
    await vm.must('bash test/senders/udp-wait.sh 10.20.2.2 53');
    expect(Number(await held())).toBe(Number(before) + 1);
  });

  it('lets every held packet go, in order, when SIGINT ends it, and leaves the machine as it was', async () => {
    const burst = vm.start('exec node test/senders/udp-burst.mjs 10.20.1.2 53 200');
    await burst.waitFor(/sent/);
    const summary = await endWatch(watch, 'SIGINT');
    expect((await burst.end(60_000)).stdout).toContain('200 in order');
    const { matches, resolved, unresolved, suppressed, lost } = summary;
    expect(summary).toMatchObject({ reason: 'signal', lost: 0 });
    expect(matches).toBe(resolved + unresolved + suppressed + lost);
    expect(await snapshot(vm)).toBe(before);
  });
});

describe('ptrap that is killed', () => {
  it('loses no held packet; its rules go with it, its guard takes the rest', async () => {
    const { watch } = await start('--hold netem');
    const burst = vm.start('exec node test/senders/udp-burst.mjs 10.20.4.2 53 200');
    await burst.waitFor(/sent/);
    watch.signal('SIGKILL');
    await watch.end();
    expect((await burst.end(60_000)).stdout).toContain('200 in order');
    await expect.poll(() => snapshot(vm), { timeout: 60_000, interval: 500 }).toBe(before);
  });
});

describe('ptrap watch with --hold none', () => {
  it('misses short-lived senders, and names none wrongly: the difference that holding makes', async () => {
    const { watch } = await start('--hold none');
    for (const [name, script, port] of [
      ['UDP senders that exit on the reply', 'udp-wait.sh', 53],
      ['tcp connects', 'tcp-connect.sh', 80],
    ] as const) {
      const pids = await senders(script, port);
      const { named, wrong } = judge(await sightingsOf(watch, port, SENDERS), pids);
      console.log(`hold none, ${name}: ${named} of ${SENDERS} named, ${wrong} wrong`);
      expect(wrong).toBe(0);
    }
    await endWatch(watch, 'SIGTERM');
    expect(await snapshot(vm)).toBe(before);
  });
});

describe('ptrap watch with --source nflog and nothing held', () => {
  it('knows the unit of services that send one packet and end at once', async () => {
    const { watch } = await start('--source nflog --hold none --limit-per none');
    const names = Array.from({ length: 10 }, (_, index) => `fire@${index}.service`);
    const unit = `[Service]\nType=oneshot\nExecStart=/bin/bash -c 'echo x >/dev/udp/10.20.1.2/53'\n`;
    await vm.must(
      `cat >/run/systemd/system/fire@.service <<'END'\n${unit}END\nsystemctl daemon-reload
      for name in ${names.join(' ')}; do systemctl start $name; done`,
      { timeoutMs: 120_000 },
    );
    const sightings = await sightingsOf(watch, 53, names.length);
    const units = sightings.map(({ resolution }) => {
      if (resolution.status === 'unresolved') return resolution.reason;
      return (resolution.sender ?? resolution.processes[0])?.unit;
    });
    const grades = sightings.map(({ resolution }) => resolution.status === 'resolved' && resolution.grade);
    console.log(`units of ${names.length} services that were gone: ${grades.join(', ')}`);
    expect(units).toEqual(names);
    await endWatch(watch, 'SIGINT');
    expect(await snapshot(vm)).toBe(before);
  });
});

describe('the plugin freeze', () => {
  it('stops the sender while its packet is held, and lets it go on at the end', async () => {
    const { watch } = await start('--source nflog --hold netem --delay 5s --plugin freeze');
    const sender = vm.start(`exec bash test/senders/udp-wait.sh ${wires[0]!.server} 53`);
    const state = async () => vm.run(`cut -d ' ' -f 3 /proc/${await sender.pid()}/stat`);
    await expect.poll(state, { timeout: 4000, interval: 20 }).toMatchObject({ stdout: 'T\n' });
    expect(await vm.must('tc -s qdisc show | grep -A 2 netem')).toMatch(/backlog \d+b [1-9]/);
    await endWatch(watch, 'SIGINT');
    expect((await state()).stdout).not.toBe('T\n');
    await sender.end();
    expect(await snapshot(vm)).toBe(before);
  });
});
