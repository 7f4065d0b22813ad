import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSocketTable, readSocketTable } from '../../src/resolve/proc-net.js';

const recorded = (table: string) =>
  parseSocketTable(readFileSync(new URL(`../fixtures/resolve/${table}.txt`, import.meta.url), 'latin1'));

describe('parseSocketTable, on recorded tables', () => {
  it('reads ping sockets with their ICMP id', () => {
    expect(recorded('icmp')).toMatchObject([
      { local: { address: '127.0.0.1', port: 4660 }, remote: { address: '0.0.0.0' }, uid: 0, inode: 60285 },
      { local: { address: '127.0.0.1', port: 4661 }, remote: { address: '127.0.0.1' }, inode: 60286 },
    ]);
    expect(recorded('icmp6')).toMatchObject([
      { local: { address: '::1', port: 4662 }, remote: { address: '::' } },
    ]);
  });

  it('reads raw sockets with their protocol', () => {
    expect(recorded('raw').map(({ local, inode }) => [local.port, inode])).toEqual([
      [47, 60291],
      [1, 60288],
      [255, 60289],
    ]);
    expect(recorded('raw6')).toMatchObject([{ local: { address: '::1', port: 58 }, inode: 60290 }]);
  });

  it('skips cut and broken lines', () => {
    const whole = readFileSync(new URL('../fixtures/resolve/raw.txt', import.meta.url), 'latin1');
    expect(parseSocketTable(whole.slice(0, -60))).toHaveLength(2);
    expect(parseSocketTable('head\n\n 1: zz:0001 00000000:0000 07\n 12345\n')).toEqual([]);
  });
});

describe('readSocketTable', () => {
  it('gives no sockets where the kernel has no such table', () => {
    expect(readSocketTable('/nonexistent', 'icmp6')).toEqual([]);
  });
});
