import { netnsExists } from '../netns/exists.js';
import { isRunning } from '../sys/stat.js';
import { parseRecord } from './parse-record.js';
import {
  listState,
  ownBootId,
  ownNetns,
  readState,
  removeDrafts,
  removeRecord,
  type Effect,
  type InstanceRecord,
} from './record.js';

/** An instance that has a record: running, or dead and with something left of it. */
export interface Instance extends InstanceRecord {
  alive: boolean;
  /**
   * Where its effects are: in our network namespace; in another, where they cannot be undone from here; or nowhere, but for
   * files: its network namespace is no more, or the machine has been started again.
   */
  place: 'here' | 'elsewhere' | 'gone';
}

/** How each kind of effect is undone from another process than the one that made it. */
export type Undo = {
  [Kind in Effect['kind']]: (effect: Extract<Effect, { kind: Kind }>) => Promise<unknown>;
};

/** What became of a dead instance's leftovers. */
export interface Cleaned {
  instance: string;
  undone: Effect[];
  failed: { effect: Effect; error: unknown }[];
}

/**
 * All instances that have a record, running or dead; a file that is no record of ours is passed over.
 * @throws PTRAP_E_STATE_DIR
 */
export async function listInstances(): Promise<Instance[]> {
  const own = { bootId: await ownBootId(), netns: await ownNetns() };
  const names = (await listState()).flatMap(file => /^([0-9a-z]{6})\.json$/.exec(file)?.[1] ?? []);
  const instances = await Promise.all(names.map(name => readInstance(name, own)));
  return instances.filter(instance => instance !== undefined);
}

async function readInstance(
  name: string,
  own: Pick<InstanceRecord, 'bootId' | 'netns'>,
): Promise<Instance | undefined> {
  const record = parseRecord(await readState(name), name);
  if (!record) return undefined;
  const isOfThisBoot = record.bootId === own.bootId;
  const alive = isOfThisBoot && isRunning('/proc', record.pid, record.startTime);
  if (isOfThisBoot && record.netns === own.netns) return { ...record, alive, place: 'here' };
  const isThere = alive || (isOfThisBoot && netnsExists(record.netns));
  return { ...record, alive, place: isThere ? 'elsewhere' : 'gone' };
}

/**
 * Undoes what dead instances left, newest effect first; a running one is never touched. What cannot be undone keeps
 * what is older: that may be in use by it. Of one whose place is gone only files can be left.
 */
export async function cleanUp(instances: readonly Instance[], undo: Undo): Promise<Cleaned[]> {
  await removeDrafts();
  const cleaned: Cleaned[] = [];
  for (const instance of instances.filter(({ alive, place }) => !alive && place !== 'elsewhere')) {
    const result: Cleaned = { instance: instance.instance, undone: [], failed: [] };
    const left = instance.effects.filter(({ kind }) => instance.place === 'here' || kind === 'file');
    for (const made of left.toReversed()) {
      try {
        await (undo[made.kind] as (effect: Effect) => Promise<unknown>)(made);
        result.undone.push(made);
      } catch (error) {
        result.failed.push({ effect: made, error });
        break;
      }
    }
    if (result.failed.length === 0) await removeRecord(instance.instance);
    cleaned.push(result);
  }
  return cleaned;
}
