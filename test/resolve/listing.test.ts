import { describe, expect, it } from 'vitest';
import type { DumpSource } from '../../src/netlink/prompt.js';
import { openListing } from '../../src/resolve/listing.js';

/** A struct inet_diag_msg of an IPv4 socket without a peer. */
function message(port: number, inode: number): Buffer {
  const bytes = Buffer.alloc(72);
  bytes[0] = 2;
  bytes.writeUInt16BE(port, 4);
  bytes.writeUInt32LE(inode, 68);
  return bytes;
}

/** A kernel with IPv4 sockets, of which two go into a part of a dump; to ask for one port takes it a while. */
function open(sockets: readonly [port: number, inode: number][]) {
  const asked: string[] = [];
  const of = (payload: Buffer) => (payload[0] === 2 ? sockets : []);
  const source: DumpSource = {
    request(_type, _flags, payload) {
      const port = payload.readUInt16BE(8);
      if (payload[0] === 2) asked.push(`port ${port}`);
      for (const until = performance.now() + 1; performance.now() < until;);
      return Promise.resolve(
        of(payload)
          .filter(([own]) => own === port)
          .map(socket => message(...socket)),
      );
    },
    dump(_type, payload) {
      if (payload[0] === 2) asked.push('all');
      const messages = of(payload).map(socket => message(...socket));
      return Array.from({ length: Math.ceil(messages.length / 2) }, (_, part) =>
        messages.slice(2 * part, 2 * part + 2),
      );
    },
  };
  const list = openListing(source);
  const inodes = async (sport: number, since: number) =>
    (await list({ family: 'ipv4', protocol: 17, sport }, since)).sockets.map(({ inode }) => inode);
  return { asked, inodes, list };
}

describe('the listing of sockets', () => {
  it('asks for one port when nothing else waits', async () => {
    const { asked, inodes } = open([[1000, 1]]);
    for (let times = 0; times < 3; times += 1) expect(await inodes(1000, performance.now())).toEqual([1]);
    expect(asked).toEqual(['port 1000', 'port 1000', 'port 1000']);
  });

  it('asks for all when more had come before, and never answers with what it asked before one came', async () => {
    const { asked, inodes, list } = open([
      [1000, 1],
      [1000, 2],
    ]);
    const since = performance.now();
    for (let times = 0; times < 10; times += 1) expect(await inodes(1000, since)).toEqual([1, 2]);
    expect(asked).toEqual(['port 1000']);
    for (const port of [1001, 1002]) expect(await inodes(port, since)).toEqual([]);
    expect(asked).toEqual(['port 1000', 'all']);
    const later = performance.now();
    expect(await inodes(1000, later)).toEqual([1, 2]);
    expect(asked.slice(2)).toEqual(['port 1000']);
    const found = await list({ family: 'ipv4', protocol: 17, sport: 1000 }, later);
    expect(found.asked).toBeGreaterThanOrEqual(later);
  });

  it('asks again for a port of a slot that lies between two parts of the answer', async () => {
    const sockets = [0, 1, 2, 3, 4, 5].map(number => [1000 + number, number] as [number, number]);
    const { asked, inodes } = open([...sockets, [1002 + 256, 7]]);
    const since = performance.now();
    await inodes(9999, since);
    expect(await inodes(1258, since)).toEqual([7]);
    expect(asked).toEqual(['port 9999', 'all', 'port 1258']);
  });

  it('asks for all connections to a remote port, and never takes those to one for those to another', async () => {
    const { asked, list } = open([[1000, 1]]);
    const since = performance.now();
    const inodes = async (sport: number, dport: number) =>
      (await list({ family: 'ipv4', protocol: 6, sport, dport }, since)).sockets.map(({ inode }) => inode);
    for (const port of [999, 1000, 1000]) expect(await inodes(port, 53)).toEqual(port === 1000 ? [1] : []);
    expect(asked).toEqual(['port 999', 'all']);
    expect(await inodes(1000, 54)).toEqual([1]);
    expect(asked).toEqual(['port 999', 'all', 'port 1000']);
  });

  it('asks for each port of other protocols, and once for what had come before', async () => {
    const { asked, list } = open([[1000, 1]]);
    const since = performance.now();
    for (const sport of [1000, 1001, 1000, 1002]) await list({ family: 'ipv4', protocol: 132, sport }, since);
    expect(asked).toEqual(['port 1000', 'port 1001', 'port 1002']);
    await list({ family: 'ipv4', protocol: 132, sport: 1000 }, performance.now());
    expect(asked).toHaveLength(4);
  });
});
