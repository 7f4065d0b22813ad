import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import parse from 'yargs-parser';
import { endingsTable } from '../../scripts/docs/endings.js';
import { openGuest, openHost } from './ground.js';
import { merge, summarise, totalOf, type Outcome } from './outcome.js';
import { runSuite } from './suite.js';

// npm run test:kills -- [KILLS] [--host] [--slots N] [--seed N] [--first N] [--minutes N] [--write]
// Ends so many ptraps at random moments, by default 100 in the virtual machine, and prints what was left and lost;
// --write adds the outcome to what docs/endings.md is made of.

const RESULTS = fileURLToPath(new URL('../../scripts/docs/endings.json', import.meta.url));

const asked = parse(process.argv.slice(2), {
  boolean: ['host', 'write'],
  number: ['slots', 'seed', 'first', 'minutes'],
}) as {
  _: (string | number)[];
  host?: boolean;
  write?: boolean;
  slots?: number;
  seed?: number;
  first?: number;
  minutes?: number;
};
const kills = Number(asked._[0] ?? 100);
const seed = asked.seed ?? Number(process.env['PTRAP_SEED'] ?? randomInt(2 ** 31));
const slots = asked.slots ?? (asked.host ? 2 : 4);

await using ground = await (asked.host ? openHost() : openGuest());
console.log(`PTRAP_SEED=${seed}, ${kills} kills, ${slots} at once, ${ground.name}, Linux ${ground.kernel}`);
const results = await runSuite(ground, {
  seed,
  kills,
  slots,
  ...(asked.first !== undefined && { first: asked.first }),
  ...(asked.minutes !== undefined && { mostMs: asked.minutes * 60_000 }),
  say: line => console.log(line),
});
const outcome = summarise(results, {
  ground: ground.name,
  kernel: ground.kernel,
  date: new Date().toISOString().slice(0, 10),
  seed,
  slots,
});
console.log(endingsTable(outcome));
console.log(`PTRAP_SEED=${seed}, next number ${(asked.first ?? 0) + results.length}`);
if (asked.write) {
  const before = await readFile(RESULTS, 'utf8').then(
    text => JSON.parse(text) as Outcome[],
    () => [],
  );
  await writeFile(RESULTS, `${JSON.stringify(merge(before, outcome), null, 2)}\n`);
}
const { leftAfter, lost } = totalOf(outcome.rows);
if (leftAfter + lost + outcome.overtaken.beside + outcome.findings > 0) process.exitCode = 1;
