import { expect, it } from 'vitest';
import type { Sighting } from '../../src/events.js';
import { openCgroup } from './cgroup.js';
import { useStage } from './stage.js';

const stage = useStage();

const NFLOG = ['--source', 'nflog', '--hold', 'none', '--limit-per', 'none', '10.77.0.2:53/udp'];
/** One after the other: the set of cgroups is listed again and again while they come into it. */
const SENDERS = 400;

/** What is told of a sender that nobody can name any more. */
const remainsIn = ({ resolution }: Sighting): unknown[] => {
  if (resolution.status === 'unresolved') return [resolution.reason];
  return resolution.processes.length > 0 ? [] : [resolution.sender?.unit];
};

it('whoever ends before it can be named is known by its unit, however many send beside it', async () => {
  await using cgroup = await openCgroup(stage.namespace);
  const watch = await stage.watch(NFLOG);
  await stage.namespace.must(`
    echo 0 > ${cgroup.folder}/cgroup.procs
    perl test/senders/calls.pl udp4 ${SENDERS} 10.77.0.2 fd77::2 53`);
  await expect.poll(() => watch.sightings.length, { timeout: 20_000 }).toBe(SENDERS);

  const remains = watch.sightings.flatMap(remainsIn);
  expect(remains.length).toBeGreaterThan(0);
  expect(remains.filter(unit => unit !== 'sender.service')).toEqual([]);
});
