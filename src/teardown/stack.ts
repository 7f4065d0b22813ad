import { readStat } from '../sys/stat.js';
import {
  ownBootId,
  ownNetns,
  removeRecord,
  writeRecord,
  type Effect,
  type InstanceRecord,
} from './record.js';

/** The one stack of what is to be undone, last in first out; every effect is on disk before it is made. */
export interface Teardown extends AsyncDisposable {
  /** Start time of this process in clock ticks after boot, as the record has it. */
  readonly startTime: number;
  /** Writes the effect down, makes it, and undoes it in the end; also when making it failed half-way, and not before that is over. */
  make<T>(effect: Effect, make: () => Promise<T>, undo: () => Promise<void>): Promise<T>;
  /** Undoes an effect out of turn, if it was not undone yet. */
  undo(effect: Effect): Promise<void>;
  /** Leaves an effect as it is: it has gone by another's hand, and what may be in its place is not ptrap's. */
  forget(effect: Effect): Promise<void>;
  /** Remembers what must end with ptrap but leaves nothing on the machine that outlives it. */
  defer(undo: () => void | PromiseLike<void>): void;
  /** Runs `work`; when it fails, undoes at once what it made, and fails. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
}

interface Entry {
  effect?: Effect;
  undo(): void | PromiseLike<void>;
}

/**
 * Opens the stack of an instance and its record. Disposing of it undoes everything, goes on past failures, and
 * then throws what failed, all together; an effect that could not be undone stays in the record.
 */
export async function openTeardown(instance: string, targets: string[]): Promise<Teardown> {
  const entries: Entry[] = [];
  const identity = {
    version: 1 as const,
    instance,
    pid: process.pid,
    startTime: readStat('/proc', process.pid)?.startTime ?? 0,
    bootId: await ownBootId(),
    netns: await ownNetns(),
    targets,
  };
  const record = (): InstanceRecord => ({
    ...identity,
    effects: entries.flatMap(({ effect }) => (effect ? [effect] : [])),
  });
  await writeRecord(record());

  async function unwindTo(length: number): Promise<unknown[]> {
    const failures: unknown[] = [];
    const kept: Entry[] = [];
    while (entries.length > length) {
      const entry = entries.pop()!;
      try {
        await entry.undo();
      } catch (error) {
        failures.push(error);
        if (entry.effect) kept.unshift(entry);
      }
    }
    entries.push(...kept); // tried again when the rest is undone; what still fails stays in the record
    return failures;
  }

  /** Takes it off the stack, and gives it. */
  function take(effect: Effect): Entry | undefined {
    const at = entries.findIndex(entry => entry.effect === effect);
    return at < 0 ? undefined : entries.splice(at, 1)[0];
  }

  return {
    startTime: identity.startTime,
    async make(effect, make, undo) {
      const entry: Entry = { effect, undo };
      entries.push(entry);
      const made = writeRecord(record()).then(make);
      // what comes into being while it is undone would stay
      entry.undo = () => Promise.allSettled([made]).then(undo);
      return made;
    },
    async undo(effect) {
      const entry = entries.find(one => one.effect === effect);
      await entry?.undo();
      if (entry && take(effect)) await writeRecord(record());
    },
    async forget(effect) {
      if (take(effect)) await writeRecord(record());
    },
    defer(undo) {
      entries.push({ undo });
    },
    async attempt(work) {
      const before = entries.length;
      try {
        return await work();
      } catch (error) {
        const failures = await unwindTo(before);
        throw failures.length === 0 ? error : new AggregateError([error, ...failures], String(error));
      }
    },
    async [Symbol.asyncDispose]() {
      const failures = await unwindTo(0);
      if (entries.length === 0) await removeRecord(instance);
      else await writeRecord(record());
      if (failures.length === 1) throw failures[0];
      if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
    },
  };
}
