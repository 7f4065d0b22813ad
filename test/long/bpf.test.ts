import { beforeAll, describe, expect, it } from 'vitest';
import type { Machine } from '../vm/machine.js';
import { snapshot, useNetwork, wires } from '../vm/network.js';
import { eventsOf, startWatch } from '../vm/watch.js';

const SERVER = wires[0]!.server;

let vm: Machine;
let before: string;
useNetwork(machine => (vm = machine));
beforeAll(async () => void (before = await snapshot(vm)));

const lines = (text: string): number[] => text.trim().split('\n').map(Number);

/** By functions of the kernel, which test/netns has not. PTRAP_TEST_BPF=whole also looks at the slow-to-start rest of them. */
describe('ptrap watch --source bpf', () => {
  const isWhole = process.env.PTRAP_TEST_BPF === 'whole';
  const IPV6 = 'fd99::1';
  const FLOOD_OF = isWhole ? 500 : 200;
  const TARGETS = isWhole ? `${SERVER}/any [${IPV6}]/any` : `${SERVER}:53/udp ${SERVER}:53/tcp`;
  const KINDS = {
    udp: ['udp4-connected', 'udp4-write', 'udp-mapped', 'udp-mapped-connected'],
    tcp: ['tcp-mapped'],
  };
  const REST = {
    udp: ['udp6', 'udp6-connected'],
    tcp: ['tcp6'],
    icmp: ['ping4'],
    icmpv6: ['ping6'],
    '253': ['raw4', 'raw6'],
  };
  const send = async (kind: string, count: number): Promise<number[]> =>
    lines(
      await vm.must(`perl test/senders/calls.pl ${kind} ${count} ${SERVER} ${IPV6} 53`, {
        timeoutMs: 300_000,
      }),
    );

  it('names each that sends and ends at once, one by one, in a flood and in every way, none wrong; killed, it leaves nothing', async () => {
    await vm.must(
      `ip addr add ${IPV6}/128 dev lo nodad; echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range`,
    );
    const begun = performance.now();
    const args = `${TARGETS} --source bpf --limit-per none --output json --no-config`;
    const { watch, ready } = await startWatch(vm, args);
    const startMs = performance.now() - begun;
    expect(ready).toMatchObject({ source: 'bpf', hold: { strategy: 'none', delayMs: 0 } });
    const sent = new Map<number, string>();
    for (const pid of [...(await send('udp4', 40)), ...(await send('udp4', FLOOD_OF))]) sent.set(pid, 'udp');
    for (const pid of await send('tcp4', 40)) sent.set(pid, 'tcp');
    for (const [protocol, kinds] of [...Object.entries(KINDS), ...(isWhole ? Object.entries(REST) : [])])
      for (const kind of kinds) for (const pid of await send(kind, 1)) sent.set(pid, protocol);

    const sightings = () => eventsOf(watch, 'sighting');
    await expect.poll(() => sightings().length, { timeout: 60_000 }).toBe(sent.size);
    const named = sightings().map(({ flow: { protocol }, resolution }) => {
      const processes = resolution.status === 'resolved' ? resolution.processes : [];
      expect(resolution).toMatchObject({ status: 'resolved', via: 'bpf', grade: 'call' });
      expect(processes).toMatchObject([{ comm: 'perl' }]);
      return { protocol, process: processes[0]! };
    });
    expect(new Map(named.map(({ process: { pid }, protocol }) => [pid, protocol]))).toEqual(sent);
    // pid and name are the kernel's; the rest is there where the process table was quick enough for who has ended
    const known = named.filter(({ process }) => process.exe !== null);
    console.log(
      `started in ${(startMs / 1000).toFixed(0)} s; ${sent.size} of ${sent.size} named, ${known.length} of them with what they ran`,
    );
    expect(known.length).toBeGreaterThan(0);
    for (const { process } of known) {
      expect(process).toMatchObject({ exe: '/usr/bin/perl', user: 'root' });
      expect(process.argv[1]).toBe('test/senders/calls.pl');
      expect(process.ancestors[0]).toMatchObject({ pid: process.ppid, comm: 'perl' });
    }

    watch.signal('SIGKILL');
    await watch.end(60_000);
    await expect.poll(() => vm.run('pgrep -x bpftrace'), { timeout: 20_000 }).toMatchObject({ stdout: '' });
    await vm.must('node dist/src/cli.js cleanup', { timeoutMs: 120_000 });
    await vm.must(`ip addr del ${IPV6}/128 dev lo`);
    expect(await snapshot(vm)).toBe(before);
  });
});
