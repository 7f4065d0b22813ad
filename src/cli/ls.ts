import { visible } from '../sys/text.js';
import { listInstances, type Instance } from '../teardown/recover.js';
import { STATE_DIR } from '../teardown/record.js';
import { requireAccess } from '../sys/requirements.js';
import { printLines } from './print.js';

const PLACES = {
  here: '',
  elsewhere: ', in another network namespace',
  gone: ', in a network namespace that is no more',
};

/** `ptrap ls`: a line for each instance, running or dead. */
export async function lsCommand(): Promise<number> {
  await requireAccess(STATE_DIR);
  const instances = await listInstances();
  await printLines(process.stdout, instances.map(lineOf));
  return 0;
}

function lineOf({ instance, pid, alive, place, targets, effects }: Instance): string {
  const state = alive ? 'running' : `dead, ${effects.length} things left (ptrap cleanup ${instance})`;
  return visible(`${instance}  pid ${pid}  ${targets.join(', ')}  ${state}${PLACES[place]}`);
}
