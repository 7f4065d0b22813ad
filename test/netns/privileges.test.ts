import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { PrivilegeResults } from '../../scripts/docs/privileges.js';
import { cases } from '../privileges/cases.js';
import { observe, type Observed } from '../privileges/observe.js';
import { useStage } from './stage.js';

const stage = useStage();

const RESULTS = new URL('../../scripts/docs/privileges.json', import.meta.url);

it('what works with which capabilities, and what without, is as docs/privileges.md says', async () => {
  // all that is recorded takes a while, and is tried by `npm run test:privileges`
  const here = cases
    .filter(({ ground }) => ground === 'host')
    .map(one => (one.name === '`--source nflog`' ? one : { ...one, dropped: [] }));
  const { must } = stage.namespace;
  const observed: Observed[] = [];
  for (const one of here) observed.push(await observe(must, '10.77.0.2', one));
  const { cases: recorded } = JSON.parse(await readFile(RESULTS, 'utf8')) as PrivilegeResults;
  expect(recorded.filter(({ name }) => here.some(one => one.name === name))).toMatchObject(observed);
}, 300_000);

it('setns wants CAP_SYS_ADMIN, and ptrap says so before it tries', async () => {
  const { namespace } = stage;
  const limited = 'setpriv --inh-caps=-all --bounding-set=-all,+net_admin,+sys_ptrace,+dac_read_search';
  const path = `/proc/${namespace.farPid}/ns/net`;
  expect(await namespace.run(`${limited} nsenter --net=${path} true`)).toMatchObject({ code: 1 });
  expect(await namespace.run(`${limited},+sys_admin nsenter --net=${path} true`)).toMatchObject({ code: 0 });
  const asked = `${limited} node dist/src/cli.js watch --no-config :53/udp --netns ${path}`;
  const { code, stderr } = await namespace.run(asked);
  expect([code, stderr]).toEqual([
    3,
    'PTRAP_E_NOT_ROOT: not permitted: CAP_SYS_ADMIN missing; run it with sudo\n',
  ]);
});
