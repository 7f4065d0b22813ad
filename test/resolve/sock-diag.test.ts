import { describe, expect, it } from 'vitest';
import { messagesOf, NLMSG_DONE } from '../../src/netlink/message.js';
import { decodeSocket, encodeRequest } from '../../src/resolve/sock-diag.js';
import { recorded } from '../netlink/fixture.js';

const socketsIn = (name: string) =>
  messagesOf(recorded(name))
    .filter(({ type }) => type !== NLMSG_DONE)
    .map(({ payload }) => decodeSocket(payload));

describe('decodeSocket, on recorded answers', () => {
  it('reads a connected and an unconnected udp socket on one port', () => {
    expect(socketsIn('udp4-dump-40001')).toEqual([
      {
        state: 7,
        local: { address: '0.0.0.0', port: 40001 },
        remote: { address: '0.0.0.0', port: 0 },
        device: 0,
        uid: 0,
        inode: 0xeb48,
        v6Only: false,
      },
      {
        state: 1,
        local: { address: '127.0.0.1', port: 40001 },
        remote: { address: '127.0.0.1', port: 53 },
        device: 0,
        uid: 0,
        inode: 0xeb47,
        v6Only: false,
      },
    ]);
  });

  it('reads an AF_INET6 socket that also speaks IPv4, and one that does not', () => {
    expect(socketsIn('udp6-dump-40002')).toMatchObject([
      { local: { address: '::', port: 40002 }, v6Only: false },
    ]);
    expect(socketsIn('udp6-dump-40003')).toMatchObject([
      { local: { address: '::1', port: 40003 }, v6Only: true },
    ]);
  });

  it('reads IPv4-mapped addresses as IPv4', () => {
    expect(socketsIn('udp6-dump-40004')).toMatchObject([
      { state: 1, local: { address: '127.0.0.1', port: 40004 }, remote: { address: '127.0.0.1', port: 53 } },
    ]);
  });

  it('reads tcp: established, TIME_WAIT without an inode, and the listener given for a 5-tuple that is gone', () => {
    expect(socketsIn('tcp4-get')).toMatchObject([{ state: 1, local: { port: 40011 }, inode: 0xeb53 }]);
    expect(socketsIn('tcp4-get-timewait')).toMatchObject([{ state: 6, inode: 0 }]);
    expect(socketsIn('tcp4-get-listener')).toMatchObject([{ state: 10, remote: { port: 0 } }]);
  });

  it('gives nothing for a cut message or another family', () => {
    const { payload } = messagesOf(recorded('tcp4-get'))[0]!;
    for (let length = 0; length < 72; length++)
      expect(decodeSocket(payload.subarray(0, length))).toBeUndefined();
    expect(decodeSocket(Buffer.concat([Buffer.from([1]), payload.subarray(1)]))).toBeUndefined();
  });
});

describe('encodeRequest', () => {
  it('lays out a struct inet_diag_req_v2', () => {
    const request = encodeRequest({
      family: 'ipv4',
      protocol: 6,
      sport: 40011,
      dport: 40010,
      src: '127.0.0.1',
      dst: '127.0.0.2',
    });
    expect(request.toString('hex')).toBe(
      `02060000ffffffff9c4b9c4a7f000001${'0'.repeat(24)}7f000002${'0'.repeat(24)}00000000ffffffffffffffff`,
    );
  });

  it('asks for the states wanted only, and leaves out what is no filter', () => {
    const request = encodeRequest({ family: 'ipv6', protocol: 17, states: [10] });
    expect(request.toString('hex')).toBe(`0a11000000040000${'0'.repeat(80)}ffffffffffffffff`);
  });
});
