import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const stage = useStage();

const TARGET = '10.77.0.2:53/udp';
const NONE = ['--hold', 'none'];
const CONNECT = 'exec 3<>/dev/udp/10.77.0.2/53';
const SEND = `${CONNECT}; echo x >&3`;

const watch = (...args: string[]): Promise<Watch> => stage.watch([TARGET, ...NONE, ...args]);

/** Tables of ptrap's that the kernel has. */
const tables = (): Promise<string> => stage.namespace.must('nft list tables | grep ptrap || true');

const records = (): Promise<string> => stage.namespace.must('ls /run/ptrap 2>/dev/null || true');

const leftovers = (): Promise<string> =>
  stage.namespace.must("ls /run/ptrap 2>/dev/null; find /run/log/journal -name '*ptrap*'");

describe('what is asked to end', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends in order on %s', async signal => {
    const running = await watch();
    expect(await tables()).toContain(`ptrap_${running.ready.instance}`);
    await stage.shell().do(SEND);
    await running.when(() => running.sightings[0]);
    const ended = await running.end(signal);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.summary).toMatchObject({ reason: 'signal', matches: 1, resolved: 1, lost: 0 });
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });

  it('reports first what was seen before', async () => {
    const running = await watch('--limit-per', 'none');
    await stage.shell().do(`${CONNECT}; for i in {1..100}; do echo x >&3; done`);
    const { code, events, summary } = await running.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 100, resolved: 100, suppressed: 0, lost: 0 });
    expect(events.map(({ type }) => type)).toEqual([
      'ready',
      ...Array<string>(100).fill('sighting'),
      'summary',
    ]);
  });

  it('ends once, however often it is asked', async () => {
    const running = await watch('-e', 'sleep 0.5; true');
    await stage.shell().do(SEND);
    await running.when(() => running.sightings[0]);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) running.kill(signal);
    const { code, events } = await running.end('SIGHUP');
    expect(code).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['ready', 'sighting', 'summary']);
  });

  it('ends in order while it is still starting', async () => {
    const starting = stage.ptrap(['watch', TARGET, ...NONE, '--no-config', '-v']);
    await starting.until('stderr', /nft> add table/);
    const { code, signal, stderr } = await starting.end('SIGINT');
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(stderr).toContain('0 matches');
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });

  it.each(['json', 'pretty', 'quiet'])('ends when nobody reads its %s output any more', async output => {
    const command = 'echo a line for';
    const args = [
      'watch',
      TARGET,
      ...NONE,
      '--no-config',
      '--limit-per',
      'none',
      '--output',
      output,
      '-e',
      command,
    ];
    const script = `"$@" | head -1; exit \${PIPESTATUS[0]}`;
    const piped = stage.ptrap(args, { prepare: `exec bash -c '${script}' bash "$@"` });
    const sender = stage.shell();
    await sender.do(CONNECT);
    const ended = piped.end();
    let over = false;
    ended.then(
      () => (over = true),
      () => (over = true),
    );
    while (!over) {
      await sender.do('echo x >&3');
      await new Promise(next => setTimeout(next, 20));
    }
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).not.toMatch(/PTRAP_E|EPIPE|at .*\.js/);
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });
});

describe('what is taken from under it', () => {
  it('a killed nft is an error, and leaves nothing', async () => {
    const running = await watch();
    await stage.namespace.must(`pkill -KILL -P ${running.pid} nft`);
    const { code, summary, stderr } = await running.end();
    expect(code).toBe(1);
    expect(summary).toMatchObject({ reason: 'error' });
    expect(stderr).toMatch(/^PTRAP_E_NFT: nft refused or ended: .*SIGKILL/m);
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });

  it("the user's `nft flush ruleset` leaves its rules alone", async () => {
    const running = await watch();
    await stage.namespace.must('nft flush ruleset');
    expect(await tables()).toContain(`ptrap_${running.ready.instance}`);
    const sender = stage.shell();
    await sender.do(SEND);
    await running.sighting(found => pidsOf(found).includes(sender.pid));
    expect(await running.end('SIGINT')).toMatchObject({ code: 0 });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'journald ended by %s and started again: reads on, nothing twice',
    async signal => {
      const running = await watch();
      const [before, during, after] = [stage.shell(), stage.shell(), stage.shell()];
      await before.do(SEND);
      await running.when(() => running.sightings[0]);
      await stage.namespace.stopJournald(signal);
      await during.do(SEND);
      expect(running.sightings).toHaveLength(1);
      await stage.namespace.startJournald();
      await running.sighting(found => pidsOf(found).includes(during.pid));
      await after.do(SEND);
      await running.sighting(found => pidsOf(found).includes(after.pid));
      const { code, summary } = await running.end('SIGINT');
      expect(code).toBe(0);
      expect(running.sightings.map(pidsOf)).toEqual([[before.pid], [during.pid], [after.pid]]);
      expect(summary).toMatchObject({ matches: 3, resolved: 3, lost: 0 });
    },
  );

  it('what journald never wrote is told, and counted as lost', async () => {
    const running = await watch();
    await stage.namespace.stopJournald('SIGTERM');
    await stage.shell().do(SEND);
    await running.until('stderr', /1 log lines have not reached the journal: is systemd-journald running\?/);
    const { code, summary } = await running.end('SIGINT');
    await stage.namespace.startJournald();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 1, resolved: 0, unresolved: 0, lost: 1 });
  });
});

describe('SIGKILL', () => {
  it('takes the rules along; the rest waits for cleanup, and a live instance is left alone', async () => {
    const [dead, live] = [await watch(), await stage.watch(['10.77.0.2:8080/tcp', ...NONE])];
    const [deadId, liveId] = [dead.ready.instance, live.ready.instance];
    expect(await dead.end('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL', summary: undefined });
    await expect.poll(tables).not.toContain(deadId);
    expect(await tables()).toContain(liveId);
    expect(await leftovers()).toContain(`${deadId}.json`);
    expect(await leftovers()).toContain(`ptrap-${deadId}.nudge`);

    const listed = await stage.ptrap(['ls']).end();
    expect(listed.code).toBe(0);
    expect(listed.stdout.trim().split('\n').sort()).toEqual(
      [
        `${deadId}  pid ${dead.pid}  ${TARGET}  dead, 3 things left (ptrap cleanup ${deadId})`,
        `${liveId}  pid ${live.pid}  10.77.0.2:8080/tcp  running`,
      ].sort(),
    );

    const refused = await stage.ptrap(['cleanup', liveId]).end();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`it is running (pid ${live.pid})`);
    const unknown = await stage.ptrap(['cleanup', 'zzzzzz']).end();
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(await leftovers()).toContain(deadId);

    const cleaned = await stage.ptrap(['cleanup', deadId]).end();
    expect(cleaned).toMatchObject({ code: 0, stderr: '' });
    expect(cleaned.stdout).toContain(`${deadId}: removed file /run/log/journal/ptrap-${deadId}.nudge`);
    expect(await leftovers()).not.toContain(deadId);

    // and the live one has noticed nothing
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/tcp/10.77.0.2/8080');
    await live.sighting(found => pidsOf(found).includes(sender.pid));
    expect(await live.end('SIGINT')).toMatchObject({ code: 0 });
  });

  it('cleanup --all takes away every dead instance and no live one', async () => {
    const [one, other, live] = [await watch(), await watch(), await watch()];
    await one.end('SIGKILL');
    await other.end('SIGKILL');
    const { code, stdout } = await stage.ptrap(['cleanup', '--all']).end();
    expect(code).toBe(0);
    expect(stdout).toContain(one.ready.instance);
    expect(stdout).toContain(other.ready.instance);
    expect(stdout).not.toContain(live.ready.instance);
    expect(await records()).toBe(`${live.ready.instance}.json\n`);
    expect(await live.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await stage.ptrap(['cleanup', '--all']).end()).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('is made good by the next start', async () => {
    const dead = await watch();
    await dead.end('SIGKILL');
    const next = await watch();
    expect(next.stderr()).toMatch(
      new RegExp(`instance ${dead.ready.instance} was killed: took away its .*file`),
    );
    expect(await leftovers()).not.toContain(dead.ready.instance);
    expect(await next.end('SIGINT')).toMatchObject({ code: 0 });
  });

  it('in the middle of a start is made good as well', async () => {
    const starting = stage.ptrap(['watch', TARGET, ...NONE, '--no-config', '-v']);
    await starting.until('stderr', /nft> add table/);
    await starting.end('SIGKILL');
    await expect.poll(tables).toBe('');
    expect((await stage.ptrap(['cleanup', '--all']).end()).code).toBe(0);
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });
});

describe('two instances at once', () => {
  it('on one target both see the sender, and neither what is the other’s', async () => {
    const [one, other] = await Promise.all([watch(), watch()]);
    const [first, second] = [stage.shell(), stage.shell()];
    await first.do(SEND);
    for (const running of [one, other]) {
      const sighting = await running.sighting(found => pidsOf(found).includes(first.pid));
      expect(sighting).toMatchObject({ instance: running.ready.instance, id: `${running.ready.instance}-1` });
    }
    expect(await one.end('SIGINT')).toMatchObject({ code: 0, summary: { matches: 1, resolved: 1 } });
    await second.do(SEND);
    await other.sighting(found => pidsOf(found).includes(second.pid));
    expect(await other.end('SIGINT')).toMatchObject({ code: 0, summary: { matches: 2, resolved: 2 } });
    expect(one.sightings.map(pidsOf)).toEqual([[first.pid]]);
    expect(other.sightings.map(pidsOf)).toEqual([[first.pid], [second.pid]]);
  });

  it('start and end together, many of them, and leave nothing', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => watch('--count', '1')));
    expect(new Set(all.map(({ ready }) => ready.instance)).size).toBe(5);
    await stage.shell().do(SEND);
    for (const running of all)
      expect(await running.end()).toMatchObject({ code: 0, summary: { reason: 'count' } });
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });
});
