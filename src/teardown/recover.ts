import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readStat } from '../sys/stat.js';
import {
  ownNetns,
  removeDrafts,
  removeRecord,
  STATE_DIR,
  type Effect,
  type InstanceRecord,
} from './record.js';

const effect = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('table'), family: z.string(), name: z.string() }),
  z.object({ kind: z.literal('link'), name: z.string().regex(/^ptrap[0-9a-z]{6}$/), alias: z.string() }),
  z.object({
    kind: z.literal('file'),
    path: z.string().regex(/^\/(run|var)\/log\/journal\/ptrap-[0-9a-z]{6}\.nudge$/),
  }),
]);

const recordSchema = z.object({
  version: z.literal(1),
  instance: z.string().regex(/^[0-9a-z]{6}$/),
  pid: z.int().positive(),
  startTime: z.int(),
  netns: z.int(),
  targets: z.array(z.string()),
  effects: z.array(effect),
});

/** An instance that has a record: running, or dead and with something left of it. */
export interface Instance extends InstanceRecord {
  alive: boolean;
  /** Whether its effects are in our network namespace: from another they cannot be undone. */
  here: boolean;
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

/** All instances that have a record, running or dead; a file that is no record of ours is passed over. */
export async function listInstances(): Promise<Instance[]> {
  const files = await readdir(STATE_DIR).catch(() => []);
  const netns = await ownNetns();
  const instances = await Promise.all(
    files
      .filter(file => /^[0-9a-z]{6}\.json$/.test(file))
      .map(file => readInstance(`${STATE_DIR}/${file}`, netns)),
  );
  return instances.filter(instance => instance !== undefined);
}

async function readInstance(path: string, netns: number): Promise<Instance | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const record = recordSchema.safeParse(parseJson(text)).data;
  if (!record) return undefined;
  const alive = readStat('/proc', record.pid)?.startTime === record.startTime;
  return { ...record, alive, here: record.netns === netns };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut off or forged: no record
  }
}

/** Undoes what dead instances left, newest effect first; a running one is never touched. */
export async function cleanUp(instances: readonly Instance[], undo: Undo): Promise<Cleaned[]> {
  await removeDrafts();
  const cleaned: Cleaned[] = [];
  for (const instance of instances.filter(({ alive, here }) => !alive && here)) {
    const result: Cleaned = { instance: instance.instance, undone: [], failed: [] };
    for (const made of instance.effects.toReversed()) {
      try {
        await (undo[made.kind] as (effect: Effect) => Promise<unknown>)(made);
        result.undone.push(made);
      } catch (error) {
        result.failed.push({ effect: made, error });
      }
    }
    if (result.failed.length === 0) await removeRecord(instance.instance);
    cleaned.push(result);
  }
  return cleaned;
}
