import { describe, expect, it } from 'vitest';
import { keysIn } from '../../src/netlink/nft-elements.js';
import { recorded } from './fixture.js';

describe('keysIn', () => {
  const payload = recorded('nft-elements');
  const keys = ['e5de0000110000000100000000000000', 'bbb00000110000004914000000000000'];

  it('reads the keys of the elements of a recorded set', () => {
    expect(keysIn(payload).map(key => key.toString('hex'))).toEqual(keys);
  });

  it('reads no other out of a cut answer', () => {
    for (let length = 4; length < payload.length; length += 1)
      for (const key of keysIn(payload.subarray(0, length))) expect(keys).toContain(key.toString('hex'));
  });
});
