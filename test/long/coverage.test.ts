import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootMachine, type Machine } from '../vm/machine.js';

const SLOWER = 4;
/** Which of a file's tests, by name. */
const only = process.env['PTRAP_TEST_ONLY'] ?? '';

let vm: Machine;
beforeAll(async () => {
  vm = await bootMachine();
  // vitest wants to write there
  await vm.must(
    'mkdir /run/upper /run/work; mount -t overlay -o lowerdir=.,upperdir=/run/upper,workdir=/run/work over "$PWD"',
  );
});
afterAll(() => vm?.[Symbol.asyncDispose]());

/** On Debian's kernel, too, and what only that one has modules for; prints what was checked. */
it.each(['containers', 'coverage'])('test/netns/%s.test.ts passes in the virtual machine', async name => {
  const vitest = `node_modules/.bin/vitest run --project netns --testTimeout 1500000 --hookTimeout 600000`;
  const { code, stdout } = await vm.run(
    `cd "$PWD"; PTRAP_TEST_SLOWER=${SLOWER} ${vitest} -t '${only}' test/netns/${name}.test.ts 2>&1`,
    { timeoutMs: 1_200_000 },
  );
  console.log(stdout);
  expect(code).toBe(0);
});
