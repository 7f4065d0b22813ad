import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  recordPath,
  removeRecord,
  STATE_DIR,
  writeRecord,
  type Effect,
  type InstanceRecord,
} from '../../src/teardown/record.js';
import { cleanUp, listInstances, type Undo } from '../../src/teardown/recover.js';
import { ifbAlias } from '../../src/hold/netem.js';
import { readStat } from '../../src/sys/stat.js';
import { openTeardown } from '../../src/teardown/stack.js';
import { openStop } from '../../src/teardown/stop.js';

const INSTANCE = 'test01';
const file = (name: string): Effect => ({ kind: 'file', path: `/run/log/journal/ptrap-${name}.nudge` });
const recorded = (): InstanceRecord =>
  JSON.parse(readFileSync(recordPath(INSTANCE), 'utf8')) as InstanceRecord;

afterEach(async () => {
  if (existsSync(recordPath(INSTANCE))) await removeRecord(INSTANCE);
  expect(existsSync(STATE_DIR)).toBe(false);
});

describe('the teardown stack', () => {
  it('writes each effect down before it is made, and undoes the newest first', async () => {
    const order: string[] = [];
    const teardown = await openTeardown(INSTANCE, ['1.2.3.4']);
    for (const name of ['aaaaaa', 'bbbbbb']) {
      await teardown.make(
        file(name),
        () => Promise.resolve(order.push(`made ${name}, ${recorded().effects.length} on disk`)),
        () => Promise.resolve(void order.push(`undid ${name}`)),
      );
      teardown.defer(() => void order.push(`ended ${name}'s child`));
    }
    await teardown[Symbol.asyncDispose]();
    expect(order).toEqual([
      'made aaaaaa, 1 on disk',
      'made bbbbbb, 2 on disk',
      "ended bbbbbb's child",
      'undid bbbbbb',
      "ended aaaaaa's child",
      'undid aaaaaa',
    ]);
    expect(existsSync(STATE_DIR)).toBe(false);
  });

  it('undoes an effect only when it is no longer being made', async () => {
    const order: string[] = [];
    const teardown = await openTeardown(INSTANCE, []);
    let finish = (): void => undefined;
    const making = teardown.make(
      file('aaaaaa'),
      () => new Promise<void>(resolve => (finish = () => resolve(void order.push('made')))),
      () => Promise.resolve(void order.push('undid')),
    );
    await expect.poll(() => recorded().effects.length).toBe(1);
    const ending = teardown[Symbol.asyncDispose]();
    setTimeout(finish, 50);
    await Promise.all([making, ending]);
    expect(order).toEqual(['made', 'undid']);
  });

  it('undoes an effect whose making failed half-way', async () => {
    const undone: string[] = [];
    const teardown = await openTeardown(INSTANCE, []);
    const making = teardown.attempt(async () => {
      teardown.defer(() => void undone.push('first'));
      await teardown.make(
        file('aaaaaa'),
        () => Promise.reject(new Error('half-way')),
        () => Promise.resolve(void undone.push('second')),
      );
    });
    await expect(making).rejects.toThrow('half-way');
    expect(undone).toEqual(['second', 'first']);
    await teardown[Symbol.asyncDispose]();
    expect(undone).toHaveLength(2);
  });

  it('goes on past what cannot be undone, keeps that on record, and says all of it', async () => {
    const undone: string[] = [];
    const teardown = await openTeardown(INSTANCE, []);
    teardown.defer(() => void undone.push('last'));
    for (const name of ['aaaaaa', 'bbbbbb']) {
      await teardown.make(
        file(name),
        () => Promise.resolve(),
        () => Promise.reject(new Error(`${name} stays`)),
      );
    }
    await expect(teardown[Symbol.asyncDispose]()).rejects.toThrow(/bbbbbb stays[^]*aaaaaa stays/);
    expect(undone).toEqual(['last']);
    expect(recorded().effects).toEqual([file('aaaaaa'), file('bbbbbb')]);
  });
});

describe('cleanUp', () => {
  const record = async (changes: Partial<InstanceRecord> = {}): Promise<void> => {
    const { bootId, netns } = await own();
    const startTime = readStat('/proc', process.pid)!.startTime;
    await writeRecord({
      version: 1,
      instance: INSTANCE,
      pid: process.pid,
      startTime,
      bootId,
      netns,
      targets: [],
      effects: made,
      ...changes,
    });
  };
  const own = async (): Promise<InstanceRecord> => {
    const teardown = await openTeardown('test02', []);
    const read = JSON.parse(readFileSync(recordPath('test02'), 'utf8')) as InstanceRecord;
    await teardown[Symbol.asyncDispose]();
    return read;
  };
  const made: Effect[] = ['run', 'var'].map(top => ({
    kind: 'file',
    path: `/${top}/log/journal/ptrap-${INSTANCE}.nudge`,
  }));
  const undone: Effect[] = [];
  const note = (effect: Effect): Promise<void> => Promise.resolve(void undone.push(effect));
  const undo: Undo = {
    audit: note,
    clsact: note,
    file: note,
    held: note,
    link: note,
    root: note,
    table: note,
  };
  const cleaned = async (): Promise<Effect[]> => {
    undone.length = 0;
    await cleanUp(
      (await listInstances()).filter(({ instance }) => instance === INSTANCE),
      undo,
    );
    return [...undone];
  };

  it('undoes what a dead one left, newest first, and forgets it', async () => {
    await record({ startTime: 1 });
    expect(await cleaned()).toEqual(made.toReversed());
    expect(existsSync(recordPath(INSTANCE))).toBe(false);
  });

  it.each([
    ['that runs', {}],
    ['of a newer version', { startTime: 1, version: 2 as 1 }],
    [
      'with a file that is not ours to remove',
      { startTime: 1, effects: [{ kind: 'file', path: '/etc/passwd' } as const] },
    ],
    [
      'with a path that climbs out',
      { startTime: 1, effects: [{ kind: 'file', path: '/run/log/journal/ptrap-../../x.nudge' } as const] },
    ],
    [
      'with a link that is not ours',
      { startTime: 1, effects: [{ kind: 'link', name: 'eth0', alias: '' } as const] },
    ],
    ["with another instance's file", { startTime: 1, effects: [file('aaaaaa')] }],
    [
      "with another instance's link",
      {
        startTime: 1,
        effects: [{ kind: 'link', name: 'ptrapaaaaaa', alias: 'ptrap pid=1 start=1' } as const],
      },
    ],
    [
      'with packets that another instance holds',
      { startTime: 1, effects: [{ kind: 'held', link: 'ptrapaaaaaa', cookie: '' } as const] },
    ],
    [
      'with a link that another process has named',
      {
        startTime: 1,
        effects: [{ kind: 'link', name: `ptrap${INSTANCE}`, alias: 'ptrap pid=1 start=1' } as const],
      },
    ],
    ['with a pid that is none', { startTime: 1, pid: -1 }],
  ])('leaves a record alone %s', async (_name, changes) => {
    await record(changes);
    expect(await cleaned()).toEqual([]);
    expect(existsSync(recordPath(INSTANCE))).toBe(true);
  });

  it.each([
    ['of a network namespace that is no more', { netns: 1 }],
    ['of another boot, be its pid and start time whose they will', { bootId: 'another' }],
  ])('forgets one %s, of which only files can be left', async (_name, changes) => {
    const link: Effect = { kind: 'link', name: `ptrap${INSTANCE}`, alias: ifbAlias(process.pid, 1) };
    await record({ startTime: 1, effects: [made[0]!, link], ...changes });
    expect(await cleaned()).toEqual([made[0]]);
    expect(existsSync(recordPath(INSTANCE))).toBe(false);
  });

  it('does not touch a running one because its network namespace is not to be found', async () => {
    await record({ netns: 1 });
    expect(await cleaned()).toEqual([]);
    expect(existsSync(recordPath(INSTANCE))).toBe(true);
  });

  it.each(['', '{', '[]', 'null', '{"version":1}'])('passes over a file that holds %j', async text => {
    await mkdir(STATE_DIR, { recursive: true });
    await writeFile(recordPath(INSTANCE), text);
    expect(await cleaned()).toEqual([]);
  });
});

describe('a failure from beside', () => {
  it('is told once what was under way is over', async () => {
    using stop = openStop(new AbortController().signal);
    const order: string[] = [];
    let finish = (): void => undefined;
    const work = stop.orFail(new Promise<void>(resolve => (finish = () => resolve(void order.push('over')))));
    stop.fail(new Error('from beside'));
    setTimeout(finish, 50);
    await expect(work.finally(() => order.push('told'))).rejects.toThrow('from beside');
    expect(order).toEqual(['over', 'told']);
  });
});
