import { expect, it } from 'vitest';
import { bootMachine } from '../vm/machine.js';

const SLOWER = 4;

/** On Debian's kernel, too, and what only that one has modules for; prints what was checked. */
it('all senders of docs/coverage.md are named as it says', async () => {
  await using vm = await bootMachine();
  const only = process.env['PTRAP_TEST_COVERAGE'] ?? '';
  // vitest wants to write there
  await vm.must(
    'mkdir /run/upper /run/work; mount -t overlay -o lowerdir=.,upperdir=/run/upper,workdir=/run/work over "$PWD"',
  );
  const { code, stdout } = await vm.run(
    `cd "$PWD"; PTRAP_TEST_SLOWER=${SLOWER} node_modules/.bin/vitest run --project netns --testTimeout 1500000 --hookTimeout 600000 -t '${only}' test/netns/coverage.test.ts 2>&1`,
    { timeoutMs: 420_000 },
  );
  console.log(stdout);
  expect(code).toBe(0);
});
