import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Resolution, Sighting } from '../../src/events.js';
import type { HookContext } from '../../src/hooks.js';
import { dig, match, ready, sightingOf } from '../fixtures/report/events.js';
import { openPlugins } from '../../src/plugin/host.js';
import { open, plugin } from './open.js';

const boom = () => {
  throw new Error('boom');
};
const never = () => new Promise<never>(() => undefined);

describe('a tap that fails', () => {
  it('is reported and harms no other, whichever way it is tapped and fails', async () => {
    const seen: string[] = [];
    const { host, failures } = await open(
      plugin('sync', trap => trap.hooks.armed.tap('x', boom)),
      plugin('throws-at-once', trap => trap.hooks.armed.tapPromise('x', boom)),
      plugin('rejects', trap => trap.hooks.armed.tapPromise('x', () => Promise.reject(new Error('boom')))),
      plugin('calls-back', trap => trap.hooks.armed.tapAsync('x', (_r, _c, done) => done(new Error('boom')))),
      plugin('throws-no-error', trap => {
        trap.hooks.armed.tap('x', () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw 'boom';
        });
      }),
      plugin('well', trap => trap.hooks.armed.tap('x', ({ source }) => void seen.push(source))),
    );
    await host.armed(ready);
    expect(seen).toEqual(['journal']);
    expect(failures.map(({ plugin }) => plugin).sort()).toEqual(
      ['calls-back', 'rejects', 'sync', 'throws-at-once', 'throws-no-error'].sort(),
    );
    expect(new Set(failures.map(({ kind, hook, message }) => `${kind} ${hook} ${message}`))).toEqual(
      new Set(['threw armed boom']),
    );
  });

  it('is timed out when it hangs, with its signal aborted', async () => {
    let signal: AbortSignal | undefined;
    const { host, failures } = await open(
      plugin(
        'hangs',
        trap =>
          trap.hooks.armed.tapPromise('x', (_ready, context) => {
            signal = context.signal;
            return never();
          }),
        { timeoutMs: 30 },
      ),
    );
    await host.armed(ready);
    expect(signal?.aborted).toBe(true);
    expect(failures).toEqual([
      { plugin: 'hangs', hook: 'armed', kind: 'timeout', message: 'no end within 30 ms' },
    ]);
  });

  it('has two seconds once the end was asked for, whatever it was allowed', async () => {
    const failures: string[] = [];
    let end: () => void = () => undefined;
    const host = await openPlugins(
      [
        plugin('hangs', trap => trap.hooks.resolve.tapPromise('x', never), { timeoutMs: 3_600_000 }),
        plugin('hangs-later', trap => trap.hooks.enrich.tapPromise('x', never), { timeoutMs: 3_600_000 }),
      ],
      {
        instance: 'k3v9qa',
        print: () => undefined,
        log: () => undefined,
        failed: ({ plugin, kind, message }) => failures.push(`${plugin}: ${kind}: ${message}`),
        ending: new Promise<void>(resolve => (end = resolve)),
      },
    );
    const resolving = host.resolve(match);
    end();
    const began = performance.now();
    await sleep(1);
    await Promise.all([resolving, host.enrich(sightingOf(1, dig))]);
    expect(performance.now() - began).toBeLessThan(4000);
    expect(failures.sort()).toEqual([
      'hangs-later: timeout: no end within 2000 ms',
      'hangs: timeout: no end within 2000 ms',
    ]);
  });

  it('gives no second report when it fails after its timeout', async () => {
    const { host, failures } = await open(
      plugin(
        'late',
        trap =>
          trap.hooks.armed.tapPromise('x', async () => {
            await sleep(40);
            throw new Error('late');
          }),
        { timeoutMs: 10 },
      ),
    );
    await host.armed(ready);
    await sleep(60);
    expect(failures.map(({ kind }) => kind)).toEqual(['timeout']);
  });

  it('is known by its plugin, whatever name it taps with and however late', async () => {
    const { host, failures } = await open(
      plugin('impostor', trap => {
        setTimeout(() => trap.hooks.armed.tap('well', boom), 10);
      }),
      plugin('well', trap => trap.hooks.armed.tap('well', () => undefined)),
    );
    await sleep(30);
    await host.armed(ready);
    expect(failures.map(({ plugin }) => plugin)).toEqual(['impostor']);
  });
});

describe('accept', () => {
  it('drops what any plugin answers false to', async () => {
    const { host } = await open(
      plugin('all', trap => trap.hooks.accept.tap('x', () => true)),
      plugin('not-dns', trap => trap.hooks.accept.tap('x', ({ flow }) => flow.dst.port !== 53)),
    );
    expect(host.accept(match)).toBe(false);
    expect(host.accept({ ...match, flow: { ...match.flow, dst: { address: '192.0.2.1', port: 80 } } })).toBe(
      true,
    );
  });

  it('takes a throw for no opinion', async () => {
    const { host, failures } = await open(plugin('throws', trap => trap.hooks.accept.tap('x', boom)));
    expect(host.accept(match)).toBe(true);
    expect(failures).toMatchObject([{ plugin: 'throws', hook: 'accept', kind: 'threw' }]);
  });

  it('says that a promise is no answer, and leaves no rejection behind', async () => {
    const late = (() => Promise.reject(new Error('boom'))) as never;
    const { host, failures } = await open(plugin('late', trap => trap.hooks.accept.tap('x', late)));
    expect(host.accept(match)).toBe(true);
    await sleep(5);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.message).toContain('promise');
  });
});

describe('resolve', () => {
  const answer = sightingOf(1, dig).resolution;

  it('takes the first answer of a plugin that has one', async () => {
    const other: Resolution = { status: 'unresolved', reason: 'kernel', latencyMs: 0 };
    const { host } = await open(
      plugin('silent', trap => trap.hooks.resolve.tap('x', () => undefined)),
      plugin('first', trap => trap.hooks.resolve.tap('x', () => answer)),
      plugin('second', trap => trap.hooks.resolve.tap('x', () => other)),
    );
    expect(await host.resolve(match)).toEqual(answer);
  });

  it('takes a failure, and an answer that is none, for no answer', async () => {
    const nonsense = { status: 'resolved', processes: 'dig' } as unknown as Resolution;
    const { host, failures } = await open(
      plugin('throws', trap => trap.hooks.resolve.tapPromise('x', boom)),
      plugin('nonsense', trap => trap.hooks.resolve.tap('x', () => nonsense)),
    );
    expect(await host.resolve(match)).toBeUndefined();
    expect(failures.map(({ plugin }) => plugin)).toEqual(['throws', 'nonsense']);
    expect(failures[1]?.message).toContain('PTRAP_E_PLUGIN_ANSWER');
  });
});

describe('enrich', () => {
  const noting = (name: string, note: unknown) =>
    plugin(name, trap => {
      trap.hooks.enrich.tap('x', sighting => ({
        ...sighting,
        notes: { ...sighting.notes, [name]: note },
      }));
    });

  it('collects notes, each plugin seeing those before it', async () => {
    const { host } = await open(
      noting('a', 1),
      plugin('b', trap => {
        trap.hooks.enrich.tap('x', s => ({ ...s, notes: { b: Object.keys(s.notes) } }));
      }),
    );
    expect((await host.enrich(sightingOf(1, dig))).notes).toEqual({ a: 1, b: ['a'] });
  });

  it('passes its input on when a tap fails, hangs, or returns nothing or something else', async () => {
    const wrong = (value: unknown) => value as Sighting;
    const { host, failures } = await open(
      noting('a', 1),
      plugin('throws', trap => trap.hooks.enrich.tapPromise('x', boom)),
      plugin('hangs', trap => trap.hooks.enrich.tapPromise('x', never), { timeoutMs: 10 }),
      plugin('nothing', trap => trap.hooks.enrich.tap('x', () => wrong(undefined))),
      plugin('other', trap => trap.hooks.enrich.tap('x', s => ({ ...s, id: 'k3v9qa-2' }))),
      plugin('text', trap => trap.hooks.enrich.tap('x', () => wrong('text'))),
      noting('z', 2),
    );
    const given = sightingOf(1, dig);
    expect(await host.enrich(given)).toEqual({ ...given, notes: { a: 1, z: 2 } });
    expect(failures.map(({ plugin }) => plugin)).toEqual(['throws', 'hangs', 'other', 'text']);
  });

  it('lets a plugin change neither who sent the packet nor what another has noted', async () => {
    const { host, failures } = await open(
      noting('a', 'mine'),
      plugin('forger', trap => {
        trap.hooks.enrich.tap('x', sighting => ({
          ...sighting,
          resolution: { status: 'unresolved', reason: 'kernel', latencyMs: 0 },
          notes: { a: 'forged', forger: 'was here' },
        }));
      }),
      plugin('vandal', trap => {
        trap.hooks.enrich.tap('x', sighting => {
          sighting.flow.uid = 0;
          return sighting;
        });
      }),
    );
    const given = sightingOf(1, dig);
    expect(await host.enrich(given)).toEqual({ ...given, notes: { a: 'mine', forger: 'was here' } });
    expect(failures).toMatchObject([{ plugin: 'vandal', kind: 'threw' }]);
    expect(Object.isFrozen(given)).toBe(false);
  });

  it('takes only notes that can be printed as JSON', async () => {
    const circle: { self?: object } = {};
    circle.self = circle;
    const { host, failures } = await open(
      noting('big', 1n),
      noting('circle', circle),
      noting('huge', 'x'.repeat(70_000)),
    );
    expect((await host.enrich(sightingOf(1, dig))).notes).toEqual({});
    expect(failures.map(({ plugin }) => plugin)).toEqual(['big', 'circle', 'huge']);
  });
});

describe('the payload of a packet', () => {
  const bytes = Uint8Array.from([1, 2, 3]);
  const spoiling = (name: string, seen: unknown[]) =>
    plugin(name, trap => {
      const spoil = (_subject: unknown, { payload }: HookContext) => {
        seen.push(payload && [...payload], payload?.buffer.byteLength);
        payload?.fill(0);
        return undefined;
      };
      trap.hooks.resolve.tap('x', spoil);
      trap.hooks.enrich.tap('x', (sighting, context) => spoil(sighting, context) ?? sighting);
      trap.hooks.enrich.tap('y', (sighting, context) => spoil(sighting, context) ?? sighting);
    });

  it('is given to each tap of resolve and enrich as a copy of its own', async () => {
    const seen: unknown[] = [];
    const { host, failures } = await open(spoiling('a', seen), spoiling('b', seen));
    const received = Uint8Array.from([0, 0, 1, 2, 3, 0]).subarray(2, 5); // a view into more
    await host.resolve(match, received);
    await host.enrich(sightingOf(1, dig), received);
    expect(seen).toEqual(Array.from({ length: 6 }, () => [[1, 2, 3], 3]).flat());
    expect(received).toEqual(bytes);
    expect(failures).toEqual([]);
  });

  it('is undefined where there is none, and in the other hooks', async () => {
    const seen: unknown[] = [];
    const keep = (_subject: unknown, context: HookContext) => void seen.push(context.payload);
    const { host } = await open(
      spoiling('a', seen),
      plugin('b', trap => {
        trap.hooks.armed.tap('x', keep);
        trap.hooks.report.tap('x', keep);
      }),
    );
    await host.resolve(match);
    await host.enrich(sightingOf(1, dig));
    await host.armed(ready);
    for (const sink of host.sinks) await sink.report(sightingOf(1, dig));
    expect(seen).toEqual(Array.from({ length: 8 }, () => undefined));
  });
});

describe('disabling', () => {
  it('comes after five failures of a tap in a row, is told once and makes its taps no-ops', async () => {
    let calls = 0;
    const { host, failures } = await open(
      plugin('bad', trap => {
        trap.hooks.accept.tap('x', () => undefined);
        trap.hooks.enrich.tapPromise('x', () => {
          calls += 1;
          return boom();
        });
      }),
      plugin('well', trap => trap.hooks.enrich.tap('x', s => ({ ...s, notes: { well: 1 } }))),
    );
    for (let number = 1; number <= 8; number++) {
      host.accept(match); // that another tap goes well does not help
      expect((await host.enrich(sightingOf(number, dig))).notes).toEqual({ well: 1 });
    }
    expect(calls).toBe(5);
    expect(failures.map(({ kind }) => kind)).toEqual([
      'threw',
      'threw',
      'threw',
      'threw',
      'threw',
      'disabled',
    ]);
    expect(host.failures()).toEqual([{ plugin: 'bad', threw: 5, timeouts: 0, dropped: 0, disabled: true }]);
  });

  it('does not come when failures are not in a row', async () => {
    let calls = 0;
    const { host } = await open(
      plugin('shaky', trap => {
        trap.hooks.enrich.tap('x', s => (++calls % 5 === 0 ? s : boom()));
      }),
    );
    for (let number = 1; number <= 20; number++) await host.enrich(sightingOf(number, dig));
    expect(host.failures()).toEqual([
      { plugin: 'shaky', threw: 16, timeouts: 0, dropped: 0, disabled: false },
    ]);
  });
});

describe('pluginFailed', () => {
  it('tells the other plugins, and does not recurse when it throws itself', async () => {
    const told: string[] = [];
    const { host, failures } = await open(
      plugin('bad', trap => trap.hooks.armed.tap('x', boom)),
      plugin('worse', trap => trap.hooks.pluginFailed.tap('x', boom)),
      plugin('listener', trap => trap.hooks.pluginFailed.tap('x', ({ plugin }) => void told.push(plugin))),
    );
    await host.armed(ready);
    expect(told).toEqual(['bad']);
    expect(failures.map(({ plugin, hook }) => `${plugin} ${hook}`)).toEqual([
      'bad armed',
      'worse pluginFailed',
    ]);
  });
});
