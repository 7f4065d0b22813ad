import { describe, expect, it } from 'vitest';
import { findOwners, type Finder } from '../../src/resolve/owners.js';
import type { Socket } from '../../src/resolve/socket.js';

const socket = (inode: number): Socket => ({
  state: 7,
  local: { address: '0.0.0.0', port: 40001 },
  remote: { address: '0.0.0.0', port: 0 },
  device: 0,
  uid: 1000,
  inode,
  v6Only: false,
});

/** Finds these holders by the inode of their socket; `late` for one means that the time was over first. */
const finder = (holders: Record<number, number[] | 'late'>): Finder<number> => ({
  findHolders({ inode }, found) {
    const held = holders[inode];
    if (held !== 'late') held?.forEach(found);
    return Promise.resolve(held !== 'late');
  },
  tell: () => undefined,
});

describe('findOwners', () => {
  it('gives who holds the socket', async () => {
    expect(await findOwners(finder({ 1: [20, 21] }), [socket(1)], 0)).toEqual(
      new Map([
        [20, undefined],
        [21, undefined],
      ]),
    );
  });

  it('gives who holds all of several sockets, and does not choose where others hold another', async () => {
    const both = [socket(1), socket(2)];
    expect(await findOwners(finder({ 1: [20], 2: [20] }), both, 0)).toEqual(new Map([[20, undefined]]));
    expect(await findOwners(finder({ 1: [20], 2: [21] }), both, 0)).toBe('ambiguous');
    expect(await findOwners(finder({ 1: [20], 2: [] }), both, 0)).toBe('ambiguous');
  });

  it('says so where the time was over before anyone was found', async () => {
    expect(await findOwners(finder({ 1: 'late' }), [socket(1)], 0)).toBe('timeout');
    expect(await findOwners(finder({ 1: [20], 2: 'late' }), [socket(1), socket(2)], 0)).toBe('timeout');
  });
});
