import { afterEach, describe, expect, it } from 'vitest';
import { pidsOf } from '../netns/watch.js';
import type { Job } from '../vm/jobs.js';
import type { Machine } from '../vm/machine.js';
import { snapshot, useNetwork, wires } from '../vm/network.js';
import { endWatch, eventsOf, startWatch } from '../vm/watch.js';

const DELAY_MS = 3000;
/** What a ptrap leaves in a snapshot: names of tables and devices, files of its own. */
const TRACE = /"ptrap|ptrap\w*\.json|journal\S*ptrap/;
const serverOn = (name: string): string => wires.find(({ device }) => device === name)!.server;

let vm: Machine;
useNetwork(machine => (vm = machine));
afterEach(() =>
  vm.run('pkill -KILL -f [u]dp/10.20; pkill -KILL -f [c]li.js; sleep 1; node dist/src/cli.js cleanup'),
);

const watchHeld = (targets: string, more: string) =>
  startWatch(vm, `${targets} --hold netem --delay ${DELAY_MS}ms --output json --no-config ${more}`);

/** Sends from a process that stays, and expects it to be held, or not, and named. */
async function expectNamed(watch: Job, server: string, isHeld = true): Promise<void> {
  const sender = vm.start(
    `exec 3<>/dev/udp/${server}/53; echo >&3; read -r -t 60 -u 3 && echo back; exec sleep 1000`,
  );
  const pid = await sender.pid();
  const started = performance.now();
  await sender.waitFor(/back/, 60_000);
  const ms = performance.now() - started;
  if (isHeld) expect(ms).toBeGreaterThanOrEqual(DELAY_MS);
  else expect(ms).toBeLessThan(DELAY_MS);
  const named = () => eventsOf(watch, 'sighting').filter(sighting => pidsOf(sighting).includes(pid)).length;
  await expect.poll(named, { timeout: 60_000 }).toBe(1);
  sender.signal('SIGKILL');
}

describe('while packets are held by rules of nft', () => {
  const server = serverOn('fair');
  it.each([
    ['the firewall is flushed', 'nft flush ruleset'],
    ['the device gets another root qdisc', 'tc qdisc replace dev fair root handle 6: pfifo limit 77'],
    ['the link goes down and comes back', 'ip link set fair down; sleep 1; ip link set fair up; sleep 1'],
    ['the clock jumps ahead by a day', "date -s '+1 day'"],
    ['the clock jumps back', "date -s '-1 day'"],
    // every process is frozen for 5 s, as it is before the machine sleeps (Documentation/power/basic-pm-debugging.rst)
    ['the machine is suspended', 'echo freezer >/sys/power/pm_test; echo freeze >/sys/power/state'],
    ['journald is restarted', 'systemctl restart systemd-journald'],
    ['journald is killed', 'systemctl kill -s KILL systemd-journald; sleep 2'],
    ['the journal is rotated and thrown away', 'journalctl --rotate --vacuum-size=1M'],
    ['the journal is moved to disk', 'mkdir -p /var/log/journal; journalctl --flush'],
  ])('%s: it goes on', async (_name, command) => {
    const { watch } = await watchHeld(`${server}:53/udp`, '--source journal');
    await expectNamed(watch, server);
    await vm.must(command, { timeoutMs: 120_000 });
    const before = await snapshot(vm);
    await expectNamed(watch, server);
    const summary = await endWatch(watch, 'SIGINT');
    expect(summary).toMatchObject({ matches: 2, resolved: 2, lost: 0 });
    // what journald is sent while it is gone comes late, and that is told
    for (const gap of summary.gaps ?? []) expect(gap).toMatch(/^\d+ log lines have not reached the journal/);
    expect(before).toMatch(TRACE);
    expect(await snapshot(vm)).not.toMatch(TRACE);
  });
});

describe('what held packets is taken away by somebody else', () => {
  it.each([
    ['clsact', 'tc qdisc del dev plain clsact'],
    ['root', 'tc qdisc replace dev plain root handle 7: pfifo limit 78'],
    ['root', 'tc qdisc del dev plain root'],
  ])('--hold-strategy %s, %s: told, no packet lost, and left as it is', async (strategy, command) => {
    const server = serverOn('plain');
    const { watch } = await watchHeld(`${server}:53/udp`, `--source nflog --hold-strategy ${strategy}`);
    await expectNamed(watch, server);
    await vm.must(command);
    const theirs = await vm.must('tc -j qdisc show dev plain');
    await expect
      .poll(() => watch.stderr(), { timeout: 60_000 })
      .toContain('plain: its packets are not held any more');
    await expectNamed(watch, server, false);
    const summary = await endWatch(watch, 'SIGINT');
    expect(summary).toMatchObject({ matches: 2, resolved: 2, lost: 0 });
    expect(summary.gaps).toEqual([expect.stringMatching(/^plain: its packets are not held any more/)]);
    expect(await vm.must('tc -j qdisc show dev plain')).toBe(theirs);
    expect(await snapshot(vm)).not.toMatch(TRACE);
    await vm.must('tc qdisc del dev plain root 2>/dev/null; true');
  });
});
