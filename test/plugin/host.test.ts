import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../src/hooks.js';
import { ready, sightingOf, summary } from '../fixtures/report/events.js';
import { open, plugin } from './open.js';

const boom = () => {
  throw new Error('boom');
};

describe('applying', () => {
  it('refuses two plugins of one name, before any is applied', async () => {
    let applied = 0;
    const twin = plugin('twin', () => void (applied += 1));
    await expect(open(twin, twin)).rejects.toMatchObject({ code: 'PTRAP_E_PLUGIN_DUPLICATE', exit: 2 });
    expect(applied).toBe(0);
  });

  it.each([
    ['a factory', () => plugin('x', () => undefined), 'expected object'],
    ['nothing', undefined, 'expected object'],
    ['no apply', { name: 'x' }, 'apply: not a function'],
    ['an empty name', { name: '', apply: boom }, 'name: '],
    ['a name with a newline', { name: 'a\nb', apply: boom }, 'name: '],
    ['an odd limit', { name: 'x', apply: boom, limits: { queue: 0 } }, 'limits: queue: '],
    ['an unknown limit', { name: 'x', apply: boom, limits: { memory: 1 } }, 'limits: '],
  ])('refuses %s', async (_what, value, problem) => {
    const refusal = open(value as unknown as Plugin);
    await expect(refusal).rejects.toMatchObject({ code: 'PTRAP_E_PLUGIN_INVALID' });
    await expect(refusal).rejects.toThrow(problem);
  });

  it('reports one that throws, rejects or hangs, disables it with what it has tapped, and applies the others', async () => {
    const armed: string[] = [];
    const tapThen = (name: string, then: () => unknown, timeoutMs = 1000): Plugin => ({
      name,
      limits: { timeoutMs },
      apply(trap) {
        trap.hooks.armed.tap(name, () => void armed.push(name));
        return then() as undefined;
      },
    });
    const { host, failures } = await open(
      tapThen('throws', boom),
      tapThen('rejects', () => Promise.reject(new Error('boom'))),
      tapThen('hangs', () => new Promise(() => undefined), 20),
      tapThen('well', () => Promise.resolve()),
    );
    await host.armed(ready);
    expect(armed).toEqual(['well']);
    expect(failures.map(({ plugin, hook, kind }) => `${plugin} ${hook} ${kind}`)).toEqual([
      'throws apply threw',
      'throws apply disabled',
      'rejects apply threw',
      'rejects apply disabled',
      'hangs apply timeout',
      'hangs apply disabled',
    ]);
  });

  it('names the hooks that exist when one is misspelt', async () => {
    const { failures } = await open(
      plugin('misspelt', trap => {
        (trap.hooks as unknown as Record<string, { tap(): void }>)['reprot']?.tap();
      }),
    );
    expect(failures[0]?.message).toContain('no hook named reprot');
    expect(failures[0]?.message).toContain('armed, accept, resolve, enrich, report, done, pluginFailed');
  });
});

describe('the end', () => {
  it('gives every plugin the summary, then disposes of what they returned, once', async () => {
    const order: string[] = [];
    const disposing = (name: string, work: () => void | Promise<void>, timeoutMs = 1000): Plugin => ({
      name,
      limits: { timeoutMs },
      apply(trap) {
        trap.hooks.done.tap(name, ({ matches }) => void order.push(`${name} done ${matches}`));
        return { [Symbol.asyncDispose]: async () => work() };
      },
    });
    const { host, failures } = await open(
      disposing('throws', boom),
      disposing('hangs', () => new Promise(() => undefined), 20),
      disposing('well', () => void order.push('well disposed')),
    );
    await host.done(summary);
    await Promise.all([host[Symbol.asyncDispose](), host[Symbol.asyncDispose]()]);
    await host[Symbol.asyncDispose]();
    expect(order).toEqual(['throws done 18', 'hangs done 18', 'well done 18', 'well disposed']);
    expect(failures.map(({ plugin, hook, kind }) => `${plugin} ${hook} ${kind}`)).toEqual([
      'throws dispose threw',
      'hangs dispose timeout',
    ]);
  });

  it('disposes of what a disabled plugin holds, also when it comes too late', async () => {
    const disposed: string[] = [];
    const holding = (name: string, afterMs: number): Plugin => ({
      name,
      limits: { timeoutMs: 20 },
      async apply(trap) {
        trap.hooks.enrich.tapPromise(name, boom);
        await sleep(afterMs);
        return {
          async [Symbol.asyncDispose]() {
            disposed.push(name);
            await Promise.resolve();
          },
        };
      },
    });
    const { host } = await open(holding('in-time', 0), holding('late', 40));
    await sleep(40);
    expect(disposed).toEqual(['late']);
    for (let number = 1; number <= 5; number++) await host.enrich(sightingOf(number));
    await host[Symbol.asyncDispose]();
    expect(disposed).toEqual(['late', 'in-time']);
  });

  it('does not let one plugin keep another waiting', async () => {
    const doneAt: Record<string, number> = {};
    const start = performance.now();
    const taking = (name: string, ms: number) =>
      plugin(name, trap => {
        trap.hooks.done.tapPromise(name, async () => {
          await sleep(ms);
          doneAt[name] = performance.now() - start;
        });
      });
    const { host } = await open(taking('slow', 300), taking('fast', 0));
    await host.done(summary);
    expect(doneAt['fast']).toBeLessThan(150);
    expect(doneAt['slow']).toBeGreaterThan(290);
  });
});

describe('what a plugin says', () => {
  it('is passed on, and cut off with a report when it floods', async () => {
    const { printed, logged, failures } = await open(
      plugin('talks', trap => {
        trap.print('caught');
        trap.log('hello');
      }),
      plugin('floods', trap => {
        for (let line = 0; line < 5000; line++) trap.print('x'.repeat(1000));
      }),
    );
    expect(printed[0]).toBe('caught');
    expect(logged).toEqual(['talks: hello']);
    expect(printed.join('').length).toBeLessThan(1_100_000);
    expect(failures).toMatchObject([{ plugin: 'floods', hook: 'print', kind: 'overflow' }]);
  });
});

describe('stray errors', () => {
  /** Catches what nobody else does, instead of the test runner. */
  async function catching<Value>(
    ask: (error: unknown) => Value,
    during: () => Promise<unknown>,
  ): Promise<Value[]> {
    const events = ['uncaughtException', 'unhandledRejection'] as const;
    const before = events.map(event => process.listeners(event as 'uncaughtException'));
    const answers: Value[] = [];
    const listen = (error: unknown) => void answers.push(ask(error));
    for (const event of events) process.removeAllListeners(event).on(event, listen);
    await during();
    for (const [index, event] of events.entries()) {
      process.removeAllListeners(event);
      for (const listener of before[index] ?? []) process.on(event, listener as () => void);
    }
    return answers;
  }

  it('are known by the plugin from whose timers and promises they come', async () => {
    const { host, failures } = await open(
      plugin('stray', trap => {
        trap.hooks.armed.tap('x', () => {
          setTimeout(() => boom(), 5);
          // eslint-disable-next-line @typescript-eslint/no-floating-promises -- what it is about
          Promise.reject(new Error('unawaited'));
        });
      }),
    );
    const own = await catching(host.stray, async () => {
      await host.armed(ready);
      setTimeout(() => boom(), 10);
      await sleep(30);
    });
    expect(own).toEqual([true, true, false]);
    expect(failures.map(({ plugin, message }) => `${plugin} ${message}`)).toEqual([
      'stray unawaited',
      'stray boom',
    ]);
  });
});
