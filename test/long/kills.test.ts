import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGuest, type Ground } from '../kills/ground.js';
import { runInstances } from '../kills/instances.js';
import { clean } from '../kills/outcome.js';
import { runSuite } from '../kills/suite.js';

/** Chosen for its first kills: nft, the keeper, the guard, a terminal, a plugin and a full disk are among them. */
const seed = Number(process.env['PTRAP_SEED'] ?? 20_261_124);

let ground: Ground;
beforeAll(async () => {
  ground = await openGuest();
});
afterAll(() => ground?.[Symbol.asyncDispose]());

it('eight kills while packets are held, with traffic flowing: nothing is left, nothing is lost', async () => {
  console.log(`PTRAP_SEED=${seed}`);
  const lines: string[] = [];
  const results = await runSuite(ground, {
    seed,
    kills: 8,
    slots: 4,
    say: line => lines.push(line),
  });
  expect(clean(results), lines.join('\n')).toEqual(clean([]));
});

it('many instances at once, of every source and hold, ended in any order: each sees its own, nothing is left', async () => {
  const count = Number(process.env['PTRAP_INSTANCES'] ?? 4);
  await runInstances(ground, { seed, count, say: line => console.log(line) });
});
