import { z } from 'zod';
import type { Effect, InstanceRecord } from './record.js';

const effect = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('table'), family: z.string(), name: z.string() }),
  z.object({ kind: z.literal('link'), name: z.string(), alias: z.string() }),
  z.object({ kind: z.literal('clsact'), device: z.string(), made: z.boolean(), cookie: z.string() }),
  z.object({
    kind: z.literal('root'),
    device: z.string(),
    snapshot: z.array(z.string().regex(/^(qdisc|class|filter) [A-Za-z0-9+/]{27,}={0,2}$/)),
  }),
  z.object({ kind: z.literal('held'), link: z.string(), cookie: z.string() }),
  z.object({ kind: z.literal('file'), path: z.string() }),
  z.object({ kind: z.literal('audit'), key: z.string(), enabled: z.int().min(0).max(1) }),
]);

const recordSchema = z.object({
  version: z.literal(1),
  instance: z.string().regex(/^[0-9a-z]{6}$/),
  pid: z.int().positive(),
  startTime: z.int().nonnegative(),
  bootId: z.string(),
  netns: z.int(),
  targets: z.array(z.string()),
  effects: z.array(effect),
});

/**
 * Reads the record of `instance`. Undefined for one that is cut off, forged or of a newer version: whose name is not its
 * file's, or whose effects are not what that very process would have made. So it leads to nothing of anybody else's.
 */
export function parseRecord(text: string, instance: string): InstanceRecord | undefined {
  const record = recordSchema.safeParse(parseJson(text)).data;
  if (record?.instance !== instance) return undefined;
  return record.effects.every(made => isOf(record, made)) ? record : undefined;
}

function isOf({ instance, pid, startTime }: InstanceRecord, made: Effect): boolean {
  const cookie = Buffer.from(`ptrap${instance}`).toString('hex');
  switch (made.kind) {
    case 'table':
      return [`ptrap_${instance}`, `ptrap_${instance}_packet`].includes(made.name);
    case 'link':
      return made.name === `ptrap${instance}` && made.alias === `ptrap pid=${pid} start=${startTime}`;
    case 'clsact':
      return made.cookie === cookie && isDevice(made.device);
    case 'root':
      return isDevice(made.device);
    case 'held':
      return made.cookie === cookie && made.link === `ptrap${instance}`;
    case 'audit':
      return made.key === `ptrap-${instance}`;
    case 'file':
      return [`/run/log/journal`, `/var/log/journal`].some(
        folder => made.path === `${folder}/ptrap-${instance}.nudge`,
      );
  }
}

/** What the kernel takes as a device's name (dev_valid_name). */
function isDevice(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut off or forged: no record
  }
}
