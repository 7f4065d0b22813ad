import { definePlugin, type Plugin } from 'ptrap';
import { describe, expect, expectTypeOf, it } from 'vitest';

const byOptions = definePlugin((options: { minutes: number }) => ({
  name: 'my-plugin',
  limits: { timeoutMs: 5_000, concurrency: 4, queue: 100 },
  apply(trap) {
    trap.hooks.accept.tap('my-plugin', match => match.flow.dst.port !== options.minutes);
    trap.hooks.enrich.tapPromise('my-plugin', async (sighting, { signal }) => ({
      ...sighting,
      notes: { 'my-plugin': await Promise.resolve(signal.aborted) },
    }));
    trap.hooks.report.tapPromise('my-plugin', async (sighting, { signal }) => {
      await Promise.resolve([sighting.id, signal]);
    });
    return {
      async [Symbol.asyncDispose]() {
        await Promise.resolve();
      },
    };
  },
}));

const plain = definePlugin({
  name: 'plain',
  apply(trap) {
    expectTypeOf(trap.instance).toBeString();
  },
});

const optional = definePlugin((options: { minutes?: number } = {}) => ({
  name: `optional-${options.minutes ?? 0}`,
  apply: () => undefined,
}));

describe('definePlugin', () => {
  it('keeps what it is given, with its type', () => {
    expectTypeOf(byOptions).toEqualTypeOf<(options: { minutes: number }) => Plugin>();
    expectTypeOf(plain).toEqualTypeOf<Plugin>();
    expectTypeOf(optional).toEqualTypeOf<(options?: { minutes?: number }) => Plugin>();
    expect(byOptions({ minutes: 5 }).name).toBe('my-plugin');
    expect(plain.name).toBe('plain');
    expect(optional().name).toBe('optional-0');
  });

  it('refuses options that do not fit, at compile time', () => {
    // @ts-expect-error minutes is a number
    expect(byOptions({ minutes: '5' }).name).toBe('my-plugin');
  });
});
