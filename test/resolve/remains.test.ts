import { describe, expect, it } from 'vitest';
import type { Match } from '../../src/hooks.js';
import type { Answer } from '../../src/resolve/owners.js';
import { openRemains } from '../../src/resolve/remains.js';

const match: Match = {
  at: '2026-11-24T11:00:00.000000Z',
  target: '192.168.1.1:53/udp',
  flow: {
    family: 'ipv4',
    protocol: 'udp',
    src: { address: '10.0.0.2', port: 40_001 },
    dst: { address: '192.168.1.1', port: 53 },
    oif: 'eth0',
    uid: 1000,
    gid: 1000,
    length: 60,
  },
};
const exited: Answer = { reason: 'exited' };
const paths = new Map([
  [7n, '/system.slice/cron.service'],
  [1n, '/'],
]);

const remainsOf = (id: bigint | undefined) =>
  openRemains({
    cgroupIdOf: (protocol, port) => Promise.resolve(protocol === 17 && port === 40_001 ? id : undefined),
    cgroups: { pathOf: asked => Promise.resolve(paths.get(asked)), learn: () => undefined },
    userName: uid => (uid === 1000 ? 'alice' : null),
  });
const alice = { uid: 1000, user: 'alice', cgroup: null, unit: null, container: null };

describe('what is left of a sender', () => {
  it('is its cgroup', async () => {
    expect(await remainsOf(7n)(match, performance.now(), exited)).toEqual({
      via: 'nft',
      grade: 'cgroup',
      inode: null,
      processes: [],
      sender: { ...alice, cgroup: '/system.slice/cron.service', unit: 'cron.service' },
    });
  });

  it.each([
    ['the cgroup is not certain', undefined, 0],
    ['its cgroup is the root', 1n, 0],
    ['its cgroup has gone', 8n, 0],
    ['the packet is too old for what was noted', 7n, 5000],
  ])('is its user where %s', async (_, id, ageMs) => {
    expect(await remainsOf(id)(match, performance.now() - ageMs, exited)).toEqual({
      via: 'nft',
      grade: 'uid',
      inode: null,
      processes: [],
      sender: alice,
    });
  });

  it('is nothing where not even the user is known', async () => {
    const nobody = { ...match, flow: { ...match.flow, uid: null } };
    expect(await remainsOf(7n)(nobody, performance.now(), exited)).toBe(exited);
  });

  it('is not asked for where something else is the matter, or all is known', async () => {
    const named: Answer = { via: 'sock-diag', grade: 'exact', inode: 5, processes: [] };
    for (const answer of [{ reason: 'ambiguous' }, { reason: 'timeout' }, named] as const)
      expect(await remainsOf(7n)(match, performance.now(), answer)).toBe(answer);
  });
});
