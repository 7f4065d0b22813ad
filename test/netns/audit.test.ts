import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { auditState } from './audit-state.js';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const [IPV4, IPV6] = ['10.77.0.2', 'fd77::2'];
/** Nobody else's: audit hears of every process of the machine. */
const PORT = 7339;
const SENDERS = 20;
/** How long a guard, or the last of the records, may take on a busy machine, in ms. */
const PATIENCE_MS = 30_000;

let before: Awaited<ReturnType<typeof auditState>>;
beforeAll(async () => {
  before = await auditState();
});
// the stage’s own hook, which ends what runs, comes first: the last one does
afterEach(async () => expect(await auditState()).toEqual(before));

const stage = useStage();

const watch = (target = `${IPV4}:${PORT}`): Promise<Watch> =>
  stage.watch([target, '--source', 'audit', '--limit-per', 'none']);

/**
 * Processes that send and end at once; gives their pids. Their parent stays until the test is over: by it alone is it
 * known in which network namespace they were.
 */
async function send(kind: 'udp4' | 'tcp4', count: number): Promise<number[]> {
  const sender = ['test/senders/calls.pl', kind, `${count}`, IPV4, IPV6, `${PORT}`, 'stay'];
  const child = stage.namespace.spawn('perl', sender);
  onTestFinished(() => void child.stdin!.end());
  let text = '';
  for await (const piece of child.stdout!) {
    text += String(piece);
    if (text.split('\n').length > count) break;
  }
  return text.trim().split('\n').map(Number);
}

/** Waits until so many were seen, and a little longer for one too many. */
async function seen(watching: Watch, count: number): Promise<void> {
  await expect.poll(() => watching.sightings.length, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(count);
  await sleep(200);
}

describe('ptrap watch --source audit', () => {
  it('names who sends and ends at once, nobody of another network namespace, and leaves audit as it was', async () => {
    const watching = await watch();
    expect(watching.ready).toMatchObject({ source: 'audit', hold: { strategy: 'none', delayMs: 0 } });
    expect((await auditState()).keys).toContain(`ptrap-${watching.ready.instance}`);
    const sent = new Map<number, string>();
    for (const pid of await send('udp4', SENDERS)) sent.set(pid, 'udp');
    for (const pid of await send('tcp4', SENDERS)) sent.set(pid, 'tcp');
    await stage.namespace.run(
      `unshare -n sh -c 'ip link set lo up; ip addr add ${IPV4} dev lo; perl test/senders/calls.pl udp4 1 ${IPV4} ${IPV6} ${PORT}'`,
    );
    await seen(watching, sent.size);
    const { code, summary } = await watching.end('SIGINT');
    expect(code).toBe(0);
    expect(await auditState()).toEqual(before);
    const named = watching.sightings.map(sighting => [pidsOf(sighting)[0], sighting.flow.protocol]);
    expect(named.sort()).toEqual([...sent].sort());
    expect(summary).toMatchObject({ matches: sent.size, resolved: sent.size, unresolved: 0, lost: 0 });
    for (const { flow, resolution } of watching.sightings) {
      expect(flow).toMatchObject({ oif: '', dst: { address: IPV4, port: PORT }, uid: 0 });
      expect(resolution).toMatchObject({
        via: 'audit',
        grade: 'call',
        processes: [{ exe: '/usr/bin/perl' }],
      });
    }
  });

  it('knows where a program was that has ended as has who started it, or says that it does not', async () => {
    const watching = await watch(`${IPV4}:${PORT}/udp`);
    const program = `use Socket; socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, sockaddr_in(${PORT}, inet_aton("${IPV4}"))); print "$$\\n"`;
    const pids: number[] = [];
    for (let times = 0; times < SENDERS; times += 1) {
      const { stdout } = await stage.namespace.run(`out=$(perl -e '${program}' 2>&1 & :); echo $out`);
      pids.push(Number(stdout));
    }
    // whose parent lives, so it is known for certain; what came before it has been seen by then, too
    const [last] = await send('udp4', 1);
    await expect.poll(() => watching.sightings.flatMap(pidsOf), { timeout: PATIENCE_MS }).toContain(last);
    const { summary } = await watching.end('SIGINT');
    const named = watching.sightings.flatMap(pidsOf).slice(0, -1);
    expect(named).toEqual(pids.filter(pid => named.includes(pid)));
    const leftOut = SENDERS - named.length;
    if (leftOut > 0)
      console.warn(`the machine is busy: ${leftOut} of ${SENDERS} ended before they were read`);
    expect(named.length).toBeGreaterThan(SENDERS / 2);
    expect(summary).toMatchObject({ matches: named.length + 1, resolved: named.length + 1, lost: 0 });
    expect(summary?.gaps ?? []).toEqual(
      leftOut === 0
        ? []
        : [expect.stringMatching(`^${leftOut} calls to a target came from processes that had gone`)],
    );
  });

  it('takes its rules away when it is killed, by its guard, else by ptrap cleanup', async () => {
    const guarded = await watch();
    await guarded.end('SIGKILL');
    await expect.poll(auditState, { timeout: PATIENCE_MS }).toEqual(before);

    const alone = await watch();
    const { instance } = alone.ready;
    await stage.namespace.must(`pkill -KILL -f "ptrap-guard .* ${instance}$"`);
    await alone.end('SIGKILL');
    expect((await auditState()).keys).toContain(`ptrap-${instance}`);
    const { code, stdout } = await stage.ptrap(['cleanup']).end();
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`ptrap-${instance}`) as string,
    });
    expect(await auditState()).toEqual(before);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves another one working when it ends by %s', async signal => {
    const first = await watch();
    const second = await watch();
    await first.end(signal);
    const left = [`ptrap-${second.ready.instance}`];
    await expect
      .poll(async () => [...new Set((await auditState()).keys)], { timeout: PATIENCE_MS })
      .toEqual([...new Set([...before.keys, ...left])]);
    expect((await auditState()).enabled).toBe(1);
    const pids = await send('udp4', 3);
    await seen(second, pids.length);
    expect(second.sightings.flatMap(pidsOf)).toEqual(pids);
    expect(await second.end('SIGINT')).toMatchObject({ code: 0, summary: { lost: 0 } });
    expect(await auditState()).toEqual(before);
  });
});
