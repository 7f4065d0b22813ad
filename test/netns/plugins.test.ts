import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Sighting, Summary } from '../../src/events.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import type { Watch } from './watch.js';

const stage = useStage();
const folder = useFolder();

const SEND = 'exec 3<>/dev/udp/10.77.0.2/53; echo x >&3';

/** Plugins that do what no plugin should, and two that do what they should. */
const CONFIG = `
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineConfig, definePlugin } from 'ptrap';
import { jsonLogger } from 'ptrap/plugins';

const reporter = (name, report, limits) =>
  definePlugin({ name, limits, apply: trap => trap.hooks.report.tapPromise(name, sighting => report(sighting, trap)) });
const tell = (name, { id }) => appendFileSync(new URL(name, import.meta.url), id + '\\n');

export default defineConfig({
  targets: ['10.77.0.2:53/udp'],
  hold: 'none',
  limitPer: 'none',
  plugins: [
    reporter('thrower', () => { throw new Error('thrown on purpose'); }),
    reporter('sleeper', async sighting => { await sleep(5000); tell('slept', sighting); }, { timeoutMs: 60_000 }),
    reporter('hanger', () => new Promise(() => undefined), { timeoutMs: 200, concurrency: 1 }),
    reporter('flooder', async (_sighting, trap) => {
      for (;;) { trap.log('flood '.repeat(20_000)); await sleep(20); }
    }, { timeoutMs: 60_000, concurrency: 1 }),
    reporter('bounded', () => sleep(60_000), { timeoutMs: 120_000, concurrency: 1, queue: 2 }),
    definePlugin({ name: 'stray', apply: trap => trap.hooks.report.tap('stray', () => {
      setTimeout(() => { throw new Error('thrown from a timer'); }, 1);
      Promise.reject(new Error('rejected by nobody'));
    }) }),
    reporter('prompt', async sighting => tell('prompt', sighting)),
    jsonLogger({ file: './log.ndjson' }),
  ],
});
`;

async function lines(file: string): Promise<string[]> {
  const text = await readFile(`${folder.path}/${file}`, 'utf8').catch(() => '');
  return text.split('\n').filter(line => line !== '');
}

async function logged(file = 'log.ndjson'): Promise<(Sighting | Summary)[]> {
  return (await lines(file)).map(line => JSON.parse(line) as Sighting | Summary);
}

async function startWith(config: string): Promise<Watch> {
  await writeFile(`${folder.path}/ptrap.config.ts`, config);
  return stage.watch(['--config', './ptrap.config.ts'], { cwd: folder.path, detached: true });
}

describe('plugins that sleep, throw, hang and flood', () => {
  it('harm neither each other nor the line, are told of, and are in the end disabled', async () => {
    const watch = await startWith(CONFIG);
    const sender = stage.shell();
    await sender.do(SEND);
    for (let sent = 1; sent < 10; sent += 1) await sender.do('echo x >&3');
    await watch.when(() => watch.sightings[9]);
    const ids = watch.sightings.map(({ id }) => id);

    // the good ones have them all while the sleeper is still at its first
    await expect.poll(() => lines('prompt'), { timeout: 10_000 }).toEqual(ids);
    await expect.poll(async () => (await logged()).length, { timeout: 10_000 }).toBe(10);
    expect(await lines('slept')).toEqual([]);
    expect(await logged()).toEqual(watch.sightings);

    await watch.until('stderr', /plugin thrower: disabled in report: it failed 5 times in a row/);
    await watch.until('stderr', /plugin hanger: disabled in report: it failed 5 times in a row/);
    await watch.until('stderr', /plugin stray: disabled in outside its hooks: it failed 5 times in a row/);
    await watch.until('stderr', /plugin flooder: disabled in log: it failed 5 times in a row/);

    const asked = performance.now();
    const { code, stderr, summary } = await watch.end('SIGINT');
    const took = performance.now() - asked;
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 10, resolved: 10, reason: 'signal' });
    expect(took).toBeLessThan(9_000); // 5 s to drain, and a loaded machine

    const told = stderr.split('\n').filter(line => line.startsWith('ptrap: plugin '));
    const count = (text: string): number => told.filter(line => line.includes(text)).length;
    expect(count('plugin thrower: threw in report: thrown on purpose')).toBe(5);
    expect(count('plugin hanger: timeout in report: no end within 200 ms')).toBe(5);
    expect(count('plugin stray: threw in outside its hooks: ')).toBeGreaterThan(4); // its timers were set by then
    expect(count('plugin flooder: overflow in log: more than ')).toBe(5);
    expect(
      count('plugin hanger: overflow in report: 5 sightings not delivered: the plugin was disabled'),
    ).toBe(1);
    expect(count('plugin sleeper: overflow in report: ')).toBeLessThan(2);
    const lost = told.filter(line => line.startsWith('ptrap: plugin bounded: overflow in report: '));
    const numbers = lost.map(line => Number(/(\d+) sightings? not delivered/.exec(line)?.[1]));
    expect(numbers.reduce((sum, number) => sum + number, 0)).toBe(10);
    expect(count('plugin prompt')).toBe(0);
    expect(count('plugin json-logger')).toBe(0);
    expect((await logged()).at(-1)).toEqual(summary);
  });

  it('may fail wherever they are called', async () => {
    const watch = await startWith(`
      import { defineConfig, definePlugin } from 'ptrap';
      const fail = () => { throw new Error('failed'); };
      export default defineConfig({
        targets: ['10.77.0.2:53/udp'],
        hold: 'none',
        count: 1,
        plugins: [
          { name: 'in-apply', apply: fail },
          { name: 'in-all', apply(trap) {
            for (const hook of ['armed', 'resolve', 'enrich', 'report', 'done']) trap.hooks[hook].tapPromise('x', fail);
            trap.hooks.accept.tap('x', fail);
            return { [Symbol.asyncDispose]: fail };
          } },
          { name: 'in-failed', apply: trap => trap.hooks.pluginFailed.tap('x', fail) },
          { name: 'liar', apply(trap) {
            trap.hooks.resolve.tapPromise('liar', async () => ({ status: 'resolved', who: 'me' }));
            trap.hooks.enrich.tapPromise('liar', async sighting => ({ ...sighting, flow: {}, notes: { liar: 1 } }));
          } },
        ],
      });`);
    const sender = stage.shell();
    await sender.do(SEND);
    const { code, stderr, summary } = await watch.end();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ reason: 'count', matches: 1, resolved: 1 });
    expect(watch.sightings[0]).toMatchObject({
      flow: { dst: { address: '10.77.0.2' } },
      resolution: { via: 'sock-diag', processes: [{ pid: sender.pid }] },
      notes: { liar: 1 },
    });
    expect(stderr).toContain('plugin in-apply: disabled in apply: it failed');
    for (const hook of ['armed', 'accept', 'resolve', 'enrich', 'report', 'done', 'dispose']) {
      expect(stderr).toContain(`plugin in-all: threw in ${hook}: failed`);
    }
    expect(stderr).toContain('plugin in-failed: threw in pluginFailed: failed');
    expect(stderr).toContain('plugin liar: threw in resolve: PTRAP_E_PLUGIN_ANSWER');
  });
});

describe('json-logger and SIGHUP', () => {
  const config = `
    import { defineConfig } from 'ptrap';
    import { jsonLogger } from 'ptrap/plugins';
    export default defineConfig({
      targets: ['10.77.0.2:53/udp'], hold: 'none', plugins: [jsonLogger({ file: './log.ndjson' })],
    });`;

  it('reopens its file, and ptrap goes on', async () => {
    const watch = await startWith(config);
    const [first, second] = [stage.shell(), stage.shell()];
    await first.do(SEND);
    await expect.poll(async () => (await logged()).length, { timeout: 10_000 }).toBe(1);
    await rename(`${folder.path}/log.ndjson`, `${folder.path}/log.ndjson.1`);
    watch.kill('SIGHUP');
    await expect
      .poll(() => stat(`${folder.path}/log.ndjson`).catch(() => undefined), { timeout: 10_000 })
      .toBeDefined();
    await second.do(SEND);
    await watch.when(() => watch.sightings[1]);
    const { code, summary } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 2, reason: 'signal' });
    expect(await logged('log.ndjson.1')).toEqual([watch.sightings[0]]);
    expect(await logged()).toEqual([watch.sightings[1], summary]);
    for (const file of ['log.ndjson', 'log.ndjson.1']) {
      expect((await stat(`${folder.path}/${file}`)).mode & 0o777).toBe(0o600);
    }
  });

  it('appends to what is there', async () => {
    await writeFile(`${folder.path}/log.ndjson`, '{"earlier":true}\n{"torn', { mode: 0o600 });
    const watch = await startWith(config);
    await stage.shell().do(SEND);
    await watch.when(() => watch.sightings[0]);
    await watch.end('SIGINT');
    const [earlier, torn, sighting] = await lines('log.ndjson');
    expect([earlier, torn]).toEqual(['{"earlier":true}', '{"torn']);
    expect(JSON.parse(sighting ?? '')).toEqual(watch.sightings[0]);
  });

  it('without it SIGHUP ends ptrap in order', async () => {
    const watch = await stage.watch(['10.77.0.2:53/udp', '--hold', 'none'], { detached: true });
    const { code, signal, summary } = await watch.end('SIGHUP');
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(summary).toMatchObject({ reason: 'signal' });
  });
});
