import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { HookContext, Plugin } from '../../src/hooks.js';
import { openDispatch } from '../../src/report/dispatch.js';
import type { Sighting } from '../../src/events.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open, plugin } from '../plugin/open.js';

type Report = (sighting: Sighting, context: HookContext) => Promise<void> | void;

const sink = (name: string, report: Report, limits: Plugin['limits'] = {}) =>
  plugin(name, trap => trap.hooks.report.tapPromise(name, async (...given) => report(...given)), limits);

async function dispatching(...plugins: Plugin[]) {
  const opened = await open(...plugins);
  let time = 0;
  const dispatch = openDispatch(opened.host.sinks, () => time);
  const deliver = (count: number) => {
    for (let number = 1; number <= count; number++) dispatch.deliver(sightingOf(number, dig));
  };
  return { ...opened, ...dispatch, deliver, pass: (ms: number) => (time += ms) };
}

describe('delivery', () => {
  it('returns at once, and a plugin that sleeps delays no other', async () => {
    const start = performance.now();
    const fast: number[] = [];
    const { deliver, drain, failures } = await dispatching(
      sink('sleeper', (_sighting, { signal }) => sleep(5000, undefined, { signal }), { timeoutMs: 10_000 }),
      sink('fast', () => void fast.push(performance.now() - start)),
    );
    deliver(20);
    expect(performance.now() - start).toBeLessThan(100);
    await sleep(100);
    expect(fast).toHaveLength(20);
    expect(Math.max(...fast)).toBeLessThan(100);
    await drain(10);
    expect(failures).toMatchObject([{ plugin: 'sleeper', kind: 'overflow' }]);
  });

  it('keeps order where only one is reported at a time', async () => {
    const seen: string[] = [];
    const { deliver, drain } = await dispatching(
      sink(
        'slow',
        async ({ id }) => {
          await sleep(id.endsWith('-1') ? 20 : 1);
          seen.push(id);
        },
        { concurrency: 1 },
      ),
    );
    deliver(5);
    await drain(1000);
    expect(seen).toEqual([1, 2, 3, 4, 5].map(number => `k3v9qa-${number}`));
  });

  it('reports as many at once as the plugin allows', async () => {
    let running = 0;
    let most = 0;
    const { deliver, drain } = await dispatching(
      sink(
        'counted',
        async () => {
          most = Math.max(most, (running += 1));
          await sleep(5);
          running -= 1;
        },
        { concurrency: 3 },
      ),
    );
    deliver(20);
    await drain(1000);
    expect(most).toBe(3);
  });

  it('asks nothing of a plugin that does not listen', async () => {
    const { deliver, host, failures } = await dispatching(plugin('deaf', () => undefined));
    deliver(1000);
    expect(host.failures()).toEqual([]);
    expect(failures).toEqual([]);
  });
});

describe('a flood', () => {
  it('overflows only the slow plugin, is counted in full and told now and then', async () => {
    let fast = 0;
    const { deliver, drain, pass, host, failures } = await dispatching(
      sink('slow', () => sleep(20), { concurrency: 1, queue: 10 }),
      sink('fast', () => void (fast += 1), { queue: 2000 }),
    );
    deliver(111);
    expect(failures.map(({ message }) => message)).toEqual([
      '1 sighting not delivered: its queue of 10 was full',
    ]);
    pass(10_000);
    deliver(1);
    expect(failures.at(-1)).toEqual({
      plugin: 'slow',
      hook: 'report',
      kind: 'overflow',
      message: '100 sightings not delivered: its queue of 10 was full',
    });
    deliver(7);
    await drain(2000);
    expect(failures).toHaveLength(3);
    expect(failures[2]?.message).toMatch(/^7 sightings/);
    expect(fast).toBe(119);
    expect(host.failures()).toEqual([
      { plugin: 'slow', threw: 0, timeouts: 0, dropped: 108, disabled: false },
    ]);
  });
});

describe('a plugin that fails', () => {
  it('is disabled in the end, its queue emptied and counted, the others served', async () => {
    let well = 0;
    const { deliver, drain, host, failures } = await dispatching(
      sink('hangs', () => new Promise(() => undefined), { timeoutMs: 10, concurrency: 1 }),
      sink('well', () => void (well += 1)),
    );
    deliver(50);
    await sleep(120);
    expect(well).toBe(50);
    expect(host.failures()).toEqual([
      { plugin: 'hangs', threw: 0, timeouts: 5, dropped: 45, disabled: true },
    ]);
    expect(failures.at(-1)?.message ?? '').toBe('it failed 5 times in a row');
    expect(failures.filter(({ kind }) => kind === 'overflow')).toMatchObject([
      { message: '45 sightings not delivered: the plugin was disabled' },
    ]);
    deliver(5);
    await drain(1000);
    expect(well).toBe(55);
    expect(host.failures()[0]?.dropped).toBe(45);
  });

  it('cannot hold up the match loop with a throw', async () => {
    const { deliver, drain, failures } = await dispatching(
      plugin('throws', trap => {
        trap.hooks.report.tap('x', () => {
          throw new Error('boom');
        });
      }),
    );
    deliver(1);
    await drain(100);
    expect(failures).toMatchObject([{ plugin: 'throws', hook: 'report', kind: 'threw', message: 'boom' }]);
  });
});

describe('drain', () => {
  it('waits for what is queued', async () => {
    let seen = 0;
    const { deliver, drain, failures } = await dispatching(
      sink('slow', () => sleep(10).then(() => void (seen += 1)), { concurrency: 2 }),
    );
    deliver(10);
    await Promise.all([drain(1000), drain(1000)]);
    expect(seen).toBe(10);
    expect(failures).toEqual([]);
  });

  it('aborts what is left at the deadline and says how much that is', async () => {
    const signals: AbortSignal[] = [];
    const { deliver, drain, host, failures } = await dispatching(
      sink('hangs', async (_sighting, { signal }) => {
        signals.push(signal);
        await new Promise(() => undefined);
      }),
      sink('well', () => sleep(1)),
    );
    deliver(10);
    const start = performance.now();
    await drain(50);
    expect(performance.now() - start).toBeLessThan(200);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
    expect(failures).toEqual([
      {
        plugin: 'hangs',
        hook: 'report',
        kind: 'overflow',
        message: '10 sightings not delivered: not done 50 ms after the end',
      },
    ]);
    expect(host.failures()).toMatchObject([{ plugin: 'hangs', timeouts: 0, dropped: 10 }]);
  });

  it('takes nothing more afterwards, and counts it', async () => {
    const { deliver, drain, host } = await dispatching(sink('late', () => undefined));
    await drain(10);
    deliver(2);
    expect(host.failures()).toMatchObject([{ plugin: 'late', dropped: 2 }]);
  });
});
