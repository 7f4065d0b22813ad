import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PrivilegeResults } from '../../scripts/docs/privileges.js';
import { openNamespace } from '../netns/namespace.js';
import { bootMachine } from '../vm/machine.js';
import { cases, type PrivilegeCase } from './cases.js';
import { observe, type Observed } from './observe.js';

// npm run test:privileges
// Tries every case with its capabilities and without each of them, and writes down what docs/privileges.md is made of.

const RESULTS = fileURLToPath(new URL('../../scripts/docs/privileges.json', import.meta.url));
const ADDRESS = '10.77.0.2';
/** A device that leads there, to a namespace where nobody listens. */
const WIRE = `set -e
ip netns add far
ip link add wan type veth peer name far netns far
ip addr add 10.77.0.1/24 dev wan
ip link set wan up
ip -n far addr add ${ADDRESS}/24 dev far
ip -n far link set far up`;
const TIME = { timeoutMs: 600_000 };

const observed: Observed[] = [];
const results: PrivilegeResults = { host: short(release()), guest: '', cases: observed };

async function tryOut(
  ground: PrivilegeCase['ground'],
  run: (script: string) => Promise<string>,
): Promise<void> {
  for (const one of cases.filter(other => other.ground === ground)) {
    const found = await observe(run, ADDRESS, one);
    console.log(JSON.stringify(found));
    observed.push(found);
  }
}

function short(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version;
}

{
  await using namespace = await openNamespace();
  await tryOut('host', namespace.must);
}
{
  await using vm = await bootMachine();
  await vm.must(WIRE);
  await tryOut('guest', script => vm.must(`PTRAP_PATIENCE_MS=300000 ${script}`, TIME));
  results.guest = short(vm.release);
}
const place = ({ name }: Observed): number => cases.findIndex(one => one.name === name);
observed.sort((a, b) => place(a) - place(b));
await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
process.exit(observed.every(({ says }) => says === 'works') ? 0 : 1);
