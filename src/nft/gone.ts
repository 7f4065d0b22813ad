import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../errors.js';
import { must } from '../sys/exec.js';

/** How often it is looked, and how long the child of a killed ptrap may take to end, in ms. */
const WAIT = { everyMs: 20, patienceMs: 5_000 };

/**
 * Waits until a table of a dead instance is gone: the kernel removes it with the nft child that owned it, which ends
 * soon after ptrap. Until then it may send packets to a device that is to be deleted.
 * @throws PTRAP_E_TABLE_HELD when it stays
 */
export async function tableGone(family: string, name: string): Promise<void> {
  const started = performance.now();
  while ((await must('nft', ['list', 'tables', family])).split('\n').includes(`table ${family} ${name}`)) {
    if (performance.now() - started > WAIT.patienceMs) throw failure('PTRAP_E_TABLE_HELD', family, name);
    await sleep(WAIT.everyMs);
  }
}
