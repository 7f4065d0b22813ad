import { afterAll, beforeAll, expect, it } from 'vitest';
import { openHost, type Ground } from '../kills/ground.js';
import { clean } from '../kills/outcome.js';
import { runSuite } from '../kills/suite.js';

const seed = Number(process.env['PTRAP_SEED'] ?? 20_261_124);

let ground: Ground;
beforeAll(async () => {
  ground = await openHost();
});
afterAll(() => ground?.[Symbol.asyncDispose]());

it('kills at random moments, with traffic flowing: nothing is left, nothing is lost', async () => {
  console.log(`PTRAP_SEED=${seed}`);
  const lines: string[] = [];
  const results = await runSuite(ground, {
    seed,
    kills: 20,
    slots: 2,
    mostMs: 25_000,
    say: line => lines.push(line),
  });
  expect(clean(results), lines.join('\n')).toEqual(clean([]));
  const hit = results.filter(({ step }) => step !== 'missed').length;
  console.log(`${hit} kills`);
  expect(hit).toBeGreaterThan(4);
}, 120_000);
