import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

/** This kernel lets system calls be looked at, and no functions: test/vm looks at those. */
const MOUNT =
  'mount -t debugfs ptrap-test /sys/kernel/debug; mount -t tracefs ptrap-test /sys/kernel/tracing';
const [IPV4, IPV6] = ['10.77.0.2', 'fd77::2'];
const KINDS = [
  ['udp4', 'udp'],
  ['udp4-connected', 'udp'],
  ['udp6', 'udp'],
  ['udp6-connected', 'udp'],
  ['udp-mapped', 'udp'],
  ['udp-mapped-connected', 'udp'],
  ['tcp4', 'tcp'],
  ['tcp6', 'tcp'],
  ['tcp-mapped', 'tcp'],
  ['ping4', 'icmp'],
  ['ping6', 'icmpv6'],
  ['raw4', '253'],
  ['raw6', '253'],
] as const;

const stage = useStage("echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range");

const watch = (args: readonly string[]): Promise<Watch> =>
  stage.watch(['--source', 'bpf', '--limit-per', 'none', ...args], { prepare: MOUNT });

async function send(kind: string, count: number): Promise<number[]> {
  const lines = await stage.namespace.must(`perl test/senders/calls.pl ${kind} ${count} ${IPV4} ${IPV6} 53`);
  return lines.trim().split('\n').map(Number);
}

describe('ptrap watch --source bpf, by system calls', () => {
  it('names who sends and ends at once, whatever the way, and nobody of another network namespace', async () => {
    const watching = await watch([`${IPV4}/any`, `[${IPV6}]/any`]);
    expect(watching.ready).toMatchObject({ source: 'bpf', hold: { strategy: 'none', delayMs: 0 } });
    const sent = new Map<number, string>();
    for (const [kind, protocol] of KINDS) for (const pid of await send(kind, 3)) sent.set(pid, protocol);
    await stage.namespace.run(
      `unshare -n sh -c 'ip link set lo up; ip addr add ${IPV4} dev lo; perl test/senders/calls.pl udp4 1 ${IPV4} ${IPV6} 53'`,
    );
    await sleep(500);
    const { summary } = await watching.end('SIGINT');
    const named = watching.sightings.map(sighting => [pidsOf(sighting)[0], sighting.flow.protocol]);
    expect(named.sort()).toEqual([...sent].sort());
    expect(summary).toMatchObject({ matches: sent.size, resolved: sent.size, unresolved: 0, lost: 0 });
    for (const { flow, resolution } of watching.sightings) {
      expect(flow.src.address).toBe(flow.family === 'ipv4' ? '10.77.0.1' : 'fd77::1');
      expect(flow.oif).toBe('wan');
      if (resolution.status !== 'resolved') continue;
      const [process] = resolution.processes;
      expect(resolution).toMatchObject({ via: 'bpf', grade: 'call' });
      expect(process).toMatchObject({ comm: 'perl' });
      expect(process!.argv[1] ?? 'test/senders/calls.pl').toBe('test/senders/calls.pl');
    }
  });

  it('leaves nothing running when it is killed, and says so when somebody kills bpftrace', async () => {
    const tracerOf = async ({ pid }: Watch): Promise<string> =>
      (await stage.namespace.must(`pgrep -P ${pid} -x bpftrace`)).trim();
    const killed = await watch([`${IPV4}:53/udp`]);
    const tracer = await tracerOf(killed);
    await killed.end('SIGKILL');
    await expect
      .poll(() => stage.namespace.run(`kill -0 ${tracer}`), { timeout: 5000 })
      .toMatchObject({ code: 1 });
    await stage.ptrap(['cleanup']).end();

    const watching = await watch([`${IPV4}:53/udp`]);
    await stage.namespace.must(`kill -KILL ${await tracerOf(watching)}`);
    const { code, stderr } = await watching.end();
    expect(code).toBe(1);
    expect(stderr).toContain('PTRAP_E_SOURCE_ENDED');
  });
});
