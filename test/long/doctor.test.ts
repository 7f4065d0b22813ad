import { beforeAll, expect, it } from 'vitest';
import { report } from '../../src/doctor/report.js';
import type { Machine } from '../vm/machine.js';
import { snapshot, useNetwork } from '../vm/network.js';

let vm: Machine;
let before: string;
useNetwork(machine => (vm = machine));
beforeAll(async () => void (before = await snapshot(vm)));

it('tries every source and hold that Debian’s kernel has, and leaves nothing', async () => {
  const { code, stdout } = await vm.run('node dist/src/cli.js doctor --json', { timeoutMs: 300_000 });
  expect(code).toBe(0);
  const { checks, best } = report.parse(JSON.parse(stdout));
  const works = checks.filter(({ status }) => status === 'ok').map(({ name }) => name);
  const wanted = ['journal', 'nflog', 'queue', 'bpf', 'netem, egress', 'netem, clsact', 'netem, root'];
  expect(works).toEqual(expect.arrayContaining(wanted));
  console.log(`doctor's advice: ${JSON.stringify(best)}`);
  expect(await snapshot(vm)).toBe(before);
});
