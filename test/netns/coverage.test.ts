import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Case } from './coverage/case.js';
import { forwarded } from './coverage/forwarded.js';
import { modules } from './coverage/modules.js';
import { network } from './coverage/network.js';
import { processes } from './coverage/processes.js';
import { protocols } from './coverage/protocols.js';
import { sockets } from './coverage/sockets.js';
import { observe } from './coverage/stage.js';
import { states } from './coverage/states.js';
import { openNamespace, type Namespace } from './namespace.js';

let namespace: Namespace;
beforeEach(async () => {
  namespace = await openNamespace();
});
afterEach(() => namespace[Symbol.asyncDispose]());

async function isNamed(title: string, cases: readonly Case[]): Promise<void> {
  const observed = await observe(namespace, cases, cases === forwarded ? ['--forwarded'] : []);
  const table = observed.map(({ says, amiss, wrong }, index) => {
    const expected = cases[index]!;
    return [expected.name, says === expected.orSays ? expected.says : says, amiss, wrong];
  });
  const sightings = observed.reduce((sum, one) => sum + one.sightings, 0);
  const wrong = observed.reduce((sum, one) => sum + one.wrong, 0);
  console.log(`${title}: ${cases.length} cases, ${sightings} sightings checked, ${wrong} wrong`);
  expect(table).toEqual(cases.map(({ name, says }) => [name, says, '', 0]));
}

/** Debian's kernel has its modules beside it: that of test/vm, where test/long/coverage.test.ts runs this. */
const hasModules = existsSync(`/lib/modules/${release()}/modules.dep`);

describe('what is sent', () => {
  it.each(Object.entries({ sockets, processes, states, network, protocols, forwarded }))(
    'is named as docs/coverage.md says: %s',
    isNamed,
  );
  it.runIf(hasModules)('is named as docs/coverage.md says: modules', () => isNamed('modules', modules));
});
