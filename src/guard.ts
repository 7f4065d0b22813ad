import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUp, listInstances } from './teardown/recover.js';
import { undo } from './undo.js';

/** How often, in ms, and how many times it tries: the pipes of a process that is killed close before it is gone. */
const EVERY_MS = 100;
const TRIES = 600;

/** A program that the guard (src/teardown/guard.ts) becomes when ptrap was killed: it takes away what one instance left. */
const [, , guarded] = process.argv;
for (let tries = 0; tries < TRIES; tries++) {
  const left = (await listInstances()).filter(({ instance }) => instance === guarded);
  const cleaned = await cleanUp(left, undo);
  if (left.length === 0 || cleaned.some(({ failed }) => failed.length === 0)) break;
  await sleep(EVERY_MS);
}
