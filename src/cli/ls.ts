import { visible } from '../sys/text.js';
import { listInstances, type Instance } from '../teardown/recover.js';
import { STATE_DIR } from '../teardown/record.js';
import { requireAccess } from '../sys/requirements.js';
import { printLines } from './print.js';

/** `ptrap ls`: a line for each instance, running or dead. */
export async function lsCommand(): Promise<number> {
  await requireAccess(STATE_DIR);
  const instances = await listInstances();
  await printLines(process.stdout, instances.map(lineOf));
  return 0;
}

function lineOf({ instance, pid, alive, here, targets, effects }: Instance): string {
  const state = alive ? 'running' : `dead, ${effects.length} things left (ptrap cleanup ${instance})`;
  const place = here ? '' : ', in another network namespace';
  return visible(`${instance}  pid ${pid}  ${targets.join(', ')}  ${state}${place}`);
}
