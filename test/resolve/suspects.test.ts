import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/events.js';
import { openFinder } from '../../src/resolve/scan.js';
import { findSuspects, parsePacketSockets } from '../../src/resolve/suspects.js';
import { openProcTree } from './proc-tree.js';

/** As Linux 6.18 writes it; the last one is of a user. */
const TABLE = `sk               RefCnt Type Proto  Iface R Rmem   User   Inode
00000000da3f65e5 3      3    0003   2     1 0      0      31337
000000001b9a4f0c 3      2    0000   0     0 0      0      31338
00000000aaaaaaaa 3      3    0003   0     1 0      1000   31339
`;

const flow: Flow = {
  family: 'ipv4',
  protocol: 'udp',
  src: { address: '10.0.0.2', port: 4321 },
  dst: { address: '10.0.0.9', port: 9 },
  oif: 'eth0',
  uid: 0,
  gid: 0,
  length: 36,
  packetSocket: true,
};

describe('parsePacketSockets', () => {
  it('gives who opened them, and their inodes', () => {
    expect(parsePacketSockets(TABLE)).toEqual([
      { uid: 0, inode: 31337 },
      { uid: 0, inode: 31338 },
      { uid: 1000, inode: 31339 },
    ]);
  });

  it('takes nothing for one that is none', () => {
    expect(parsePacketSockets('')).toEqual([]);
    expect(parsePacketSockets(`${TABLE.split('\n')[0]}\n0 1 2 3 4 5 6 7\n0 1 2 3 4 5 6 7 0\n`)).toEqual([]);
  });
});

describe('findSuspects', () => {
  const suspects = async (more: Partial<Flow>) => {
    const tree = openProcTree({
      20: { sockets: { 3: 31337, 4: 31338 } },
      21: { sockets: { 3: 31337 } },
      22: { sockets: { 3: 31339 } },
    });
    mkdirSync(`${tree.proc}/net`);
    writeFileSync(`${tree.proc}/net/packet`, TABLE);
    const answer = await findSuspects(
      tree.proc,
      openFinder(tree.proc, () => null),
      { ...flow, ...more },
      performance.now(),
    );
    return 'reason' in answer
      ? { ...answer, suspects: answer.suspects?.map(({ pid }) => pid).sort() }
      : answer;
  };

  it('lists every holder of a packet socket of the user, once', async () => {
    expect(await suspects({})).toEqual({ reason: 'ambiguous', suspects: [20, 21] });
  });
  it('names nobody, be there but one', async () => {
    expect(await suspects({ uid: 1000 })).toEqual({ reason: 'ambiguous', suspects: [22] });
  });
  it('lists all where the user is not known', async () => {
    expect(await suspects({ uid: null })).toEqual({ reason: 'ambiguous', suspects: [20, 21, 22] });
  });
  it('says that the sender has ended where nobody has one', async () => {
    expect(await suspects({ uid: 7 })).toEqual({ reason: 'exited', suspects: undefined });
  });
});
