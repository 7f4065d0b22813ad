import { init } from '../init/init.js';
import type { Asked } from './arguments.js';
import { printLines } from './print.js';

/** `ptrap init`, `ptrap init plugin NAME`: writes something to start from, and says what to do with it. */
export async function initCommand({ words, force }: Asked<'init'>): Promise<number> {
  await printLines(process.stdout, await init({ words, force, folder: process.cwd() }));
  return 0;
}
