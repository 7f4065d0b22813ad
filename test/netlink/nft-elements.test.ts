import { describe, expect, it } from 'vitest';
import { eachKey } from '../../src/netlink/nft-elements.js';
import { recorded } from './fixture.js';

describe('eachKey', () => {
  const payload = recorded('nft-elements');
  const keysIn = (bytes: Buffer): string[] => {
    const keys: string[] = [];
    eachKey(bytes, (start, end) => keys.push(bytes.toString('hex', start, end)));
    return keys;
  };
  const keys = ['e5de0000110000000100000000000000', 'bbb00000110000004914000000000000'];

  it('reads the keys of the elements of a recorded set', () => {
    expect(keysIn(payload)).toEqual(keys);
  });

  it('reads no other out of a cut answer', () => {
    for (let length = 4; length < payload.length; length += 1)
      for (const key of keysIn(payload.subarray(0, length))) expect(keys).toContain(key);
  });
});
