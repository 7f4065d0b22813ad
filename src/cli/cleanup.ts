import { failure } from '../errors.js';
import { visible } from '../sys/text.js';
import { cleanUp, listInstances, type Cleaned, type Instance } from '../teardown/recover.js';
import { undo } from '../undo.js';
import type { Asked } from './arguments.js';
import { STATE_DIR } from '../teardown/record.js';
import { requireAccess } from '../sys/requirements.js';
import { printLines } from './print.js';

/** `ptrap cleanup [id…] [--all]`: undoes what dead instances left, of all where none is named; 1 when something could not be undone. */
export async function cleanupCommand({ ids, all }: Asked<'cleanup'>): Promise<number> {
  await requireAccess(STATE_DIR);
  const instances = await listInstances();
  const chosen = all || ids.length === 0 ? instances : ids.map(id => requireDead(id, instances));
  const cleaned = await cleanUp(chosen, undo);
  await printLines(process.stdout, cleaned.flatMap(undoneLines));
  const failed = cleaned.flatMap(failedLines);
  await printLines(process.stderr, failed);
  return failed.length > 0 ? 1 : 0;
}

function requireDead(id: string, instances: readonly Instance[]): Instance {
  const found = instances.find(({ instance }) => instance === id);
  if (!found) throw failure('PTRAP_E_INSTANCE', id, 'there is no such instance');
  if (found.alive) throw failure('PTRAP_E_INSTANCE', id, `it is running (pid ${found.pid})`);
  if (found.place === 'elsewhere')
    throw failure('PTRAP_E_INSTANCE', id, 'it ran in another network namespace (ptrap cleanup there)');
  return found;
}

function undoneLines({ instance, undone }: Cleaned): string[] {
  return undone.map(effect => visible(`${instance}: removed ${effectText(effect)}`));
}

function failedLines({ instance, failed }: Cleaned): string[] {
  return failed.map(({ effect, error }) => {
    const why = error instanceof Error ? error.message : String(error);
    return visible(`${instance}: could not remove ${effectText(effect)}: ${why}`);
  });
}

function effectText(effect: Cleaned['undone'][number]): string {
  switch (effect.kind) {
    case 'table':
      return `table ${effect.family} ${effect.name}`;
    case 'link':
      return `link ${effect.name}`;
    case 'clsact':
      return `filters on ${effect.device}`;
    case 'root':
      return `the qdisc at the root of ${effect.device}`;
    case 'held':
      return `filters that sent packets to ${effect.link}`;
    case 'file':
      return `file ${effect.path}`;
    case 'audit':
      return `audit rules with the key ${effect.key}`;
  }
}
