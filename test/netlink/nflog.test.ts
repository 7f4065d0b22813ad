import { describe, expect, it } from 'vitest';
import { attribute } from '../../src/netlink/message.js';
import { readLogged } from '../../src/netlink/nflog.js';

/** linux/nfnetlink.h, linux/netfilter/nfnetlink_log.h. */
const [INET, NETDEV] = [1, 5];
const [PACKET_HDR, PAYLOAD, PREFIX, UID] = [1, 9, 10, 11];

const ip = Buffer.from('4500002400000000401166a50a4d00010a4d00190000000000000000', 'hex');
const ethernet = Buffer.from('ffffffffffff0200000000020800', 'hex');

function message(family: number, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([family, 0, 0, 7]),
    attribute(PACKET_HDR, Buffer.from('08000300', 'hex')),
    attribute(PREFIX, Buffer.from('ptrap-abc123-packet0: \0')),
    attribute(PAYLOAD, payload),
    attribute(UID, Buffer.from([0, 0, 0x03, 0xe8])),
  ]);
}

describe('readLogged', () => {
  it('gives the packet from its network header on', () => {
    expect(readLogged(message(INET, ip))).toEqual({
      prefix: 'ptrap-abc123-packet0: ',
      packet: ip,
      oif: 0,
      iif: 0,
      uid: 1000,
      gid: null,
    });
  });

  it('takes the link header away that a packet has on its way out of a device, if it has one', () => {
    expect(readLogged(message(NETDEV, Buffer.concat([ethernet, ip])))?.packet).toEqual(ip);
    expect(readLogged(message(NETDEV, ip))?.packet).toEqual(ip); // a tun has none
    expect(readLogged(message(NETDEV, Buffer.alloc(4)))?.packet).toEqual(Buffer.alloc(4));
  });
});
