import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { PtrapError } from '../../src/errors.js';
import {
  attribute,
  errnoOf,
  findAttribute,
  messageHeader,
  messagesOf,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../../src/netlink/message.js';
import { recorded } from './fixture.js';

const fixtures = ['udp4-dump-40001', 'udp6-dump-40002', 'tcp4-get', 'tcp4-get-enoent', 'nft-counter'];

describe('messagesOf', () => {
  it('reads every message of a recorded dump', () => {
    const messages = messagesOf(recorded('udp4-dump-40001'));
    expect(messages.map(({ type, sequence, payload }) => [type, sequence, payload.length])).toEqual([
      [20, 7, 108],
      [20, 7, 108],
      [NLMSG_DONE, 7, 4],
    ]);
  });

  it('reads back what messageHeader writes', () => {
    const payload = Buffer.from([1, 2, 3]);
    const datagram = Buffer.concat([messageHeader(20, 5, 4294967295, 3), payload]);
    expect(messagesOf(datagram)).toEqual([{ type: 20, flags: 5, sequence: 4294967295, payload }]);
  });

  it.each(fixtures)('refuses %s cut at any byte inside a message, and never throws anything else', name => {
    const whole = recorded(name);
    const ends = new Set([0]);
    for (let end = 0; end < whole.length; end += (whole.readUInt32LE(end) + 3) & ~3) ends.add(end);
    for (let length = 0; length < whole.length; length++) {
      const read = () => messagesOf(Buffer.from(whole.subarray(0, length)));
      if (ends.has(length)) expect(read).not.toThrow();
      else expect(read).toThrow(PtrapError);
    }
  });

  it.each([0, 1, 15, 4096, 0x7fffffff, 0xffffffff])('refuses a message that claims %i bytes', length => {
    const datagram = recorded('tcp4-get');
    datagram.writeUInt32LE(length, 0);
    expect(() => messagesOf(datagram)).toThrow('PTRAP_E_NETLINK_MALFORMED');
  });
});

describe('errnoOf', () => {
  it('reads ENOENT from a recorded answer', () => {
    const [message] = messagesOf(recorded('tcp4-get-enoent'));
    expect(message?.type).toBe(NLMSG_ERROR);
    expect(errnoOf(message!.payload)).toBe(constants.errno.ENOENT);
  });

  it('takes a missing status as success', () => {
    expect(errnoOf(Buffer.alloc(0))).toBe(0);
  });
});

describe('findAttribute', () => {
  const attributes = Buffer.concat([
    attribute(1, Buffer.from('abc\0')),
    attribute(2, Buffer.from([9])),
    attribute(0x8000 | 3, attribute(1, Buffer.from([7]))),
  ]);

  it('finds attributes behind padded ones, nested ones too', () => {
    expect(findAttribute(attributes, 1)).toEqual(Buffer.from('abc\0'));
    expect(findAttribute(attributes, 2)).toEqual(Buffer.from([9]));
    expect(findAttribute(findAttribute(attributes, 3)!, 1)).toEqual(Buffer.from([7]));
    expect(findAttribute(attributes, 4)).toBeUndefined();
  });

  it.each([0, 3, 200, 0xffff])('stops at an attribute that claims %i bytes', length => {
    const lying = Buffer.from(attributes);
    lying.writeUInt16LE(length, 8);
    expect(findAttribute(lying, 1)).toEqual(Buffer.from('abc\0'));
    expect(findAttribute(lying, 3)).toBeUndefined();
  });

  it('takes any bytes whatever without a throw or a loop', () => {
    let seed = 1;
    const next = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16;
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(Array.from({ length: next() % 80 }, next));
      const found = findAttribute(bytes, next() % 32);
      expect(found === undefined || found.length <= bytes.length).toBe(true);
    }
  });
});
