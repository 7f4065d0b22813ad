import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/netlink/message.js';
import { packetsIn } from '../../src/netlink/nft-counter.js';
import { recorded } from './fixture.js';

describe('packetsIn', () => {
  const { payload } = messagesOf(recorded('nft-counter'))[0]!;

  it('reads the packets of a recorded counter, not its bytes', () => {
    expect(packetsIn(payload)).toBe(1_234_567);
  });

  it('reads a cut answer as 0 packets', () => {
    for (let length = 0; length < payload.length; length++) {
      expect([0, 1_234_567]).toContain(packetsIn(payload.subarray(0, length)));
    }
  });
});
