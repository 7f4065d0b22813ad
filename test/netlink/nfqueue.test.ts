import { describe, expect, it } from 'vitest';
import { parsePacket } from '../../src/match/packet.js';
import { messagesOf } from '../../src/netlink/message.js';
import {
  acceptAllMessage,
  acceptMessage,
  NFQUEUE_PACKET,
  readQueued,
  readTicket,
} from '../../src/netlink/nfqueue.js';
import { recorded } from './fixture.js';

/** A datagram of uid 1000, gid 100 to 10.20.1.2:53 that carries "hello", by device 3, in queue 12205. */
const [message] = messagesOf(recorded('queued-6.1'));

describe('a queued packet', () => {
  it('is read with what names it, whose it is and where it goes', () => {
    expect(message!.type).toBe(NFQUEUE_PACKET);
    const queued = readQueued(message!.payload)!;
    expect(queued).toMatchObject({ queue: 12_205, id: 1, oif: 3, uid: 1000, gid: 100 });
    expect(readTicket(message!.payload)).toEqual({ queue: 12_205, id: 1 });
    const packet = parsePacket(queued.packet)!;
    expect(packet.flow).toMatchObject({
      protocol: 'udp',
      src: { address: '10.20.1.1', port: 55_383 },
      dst: { address: '10.20.1.2', port: 53 },
    });
    expect(Buffer.from(packet.payload).toString()).toBe('hello');
  });

  it('is none where nothing names it', () => {
    expect(readQueued(message!.payload.subarray(0, 4))).toBeUndefined();
    expect(readTicket(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('a verdict', () => {
  it('is a request to the queue that accepts one packet', () => {
    const [verdict] = messagesOf(acceptMessage({ queue: 12_205, id: 258 }));
    expect(verdict).toMatchObject({ type: 0x0301, flags: 1 });
    expect(verdict!.payload.toString('hex')).toBe('00002fad0c0002000000000100000102');
  });

  it('is a batch for all up to the last id', () => {
    const [verdict] = messagesOf(acceptAllMessage(1));
    expect(verdict!.type).toBe(0x0303);
    expect(verdict!.payload.toString('hex')).toBe('000000010c000200000000017fffffff');
  });
});
