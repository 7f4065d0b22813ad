import { describe, expect, it } from 'vitest';
import { climb, climbToBest, type Sender } from '../../src/resolve/ladder.js';
import type { Socket } from '../../src/resolve/socket.js';

const sender: Sender = {
  family: 'ipv4',
  src: { address: '10.0.0.2', port: 40001 },
  dst: { address: '10.0.0.9', port: 53 },
  uid: 1000,
};
const sender6: Sender = {
  family: 'ipv6',
  src: { address: 'fd00::2', port: 40001 },
  dst: { address: 'fd00::9', port: 53 },
  uid: 1000,
};

let inodes = 100;
function socket(local: string, remote = '0.0.0.0:0', more: Partial<Socket> = {}): Socket {
  const end = (text: string) => {
    const colon = text.lastIndexOf(':');
    return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  };
  return {
    state: 7,
    local: end(local),
    remote: end(remote),
    device: 0,
    uid: 1000,
    inode: ++inodes,
    v6Only: false,
    ...more,
  };
}

const connected = socket('10.0.0.2:40001', '10.0.0.9:53');
const bound = socket('10.0.0.2:40001');
const unbound = socket('0.0.0.0:40001');
const unbound6 = socket(':::40001', ':::0');

describe('climb', () => {
  it.each([
    ['connected', connected, 'exact'],
    ['bound to the address', bound, 'wildcard'],
    ['bound to no address', unbound, 'wildcard'],
    ['AF_INET6 bound to no address', unbound6, 'wildcard'],
    ['bound to a multicast group', socket('224.0.0.251:40001'), 'wildcard'],
    ['bound to broadcast', socket('255.255.255.255:40001'), 'wildcard'],
    ['bound to a group and connected', socket('224.0.0.251:40001', '10.0.0.9:53'), 'wildcard'],
  ])('takes a socket %s', (_name, candidate, grade) => {
    expect(climb([candidate], sender)).toEqual({ kind: 'owned', grade, sockets: [candidate] });
  });

  it.each([
    ['on the port of another address', socket('127.0.0.2:40001')],
    ['on another port', socket('10.0.0.2:40002')],
    ['connected to another peer', socket('10.0.0.2:40001', '10.0.0.8:53')],
    ['connected to another port of the peer', socket('10.0.0.2:40001', '10.0.0.9:54')],
    ['unbound but connected elsewhere', socket('0.0.0.0:40001', '10.0.0.8:53')],
    ['of another user', socket('10.0.0.2:40001', '10.0.0.9:53', { uid: 0 })],
    ['that speaks IPv6 only', socket(':::40001', ':::0', { v6Only: true })],
    ['bound to a group of IPv6', socket('ff02::fb:40001', ':::0')],
    ['bound to another device', socket('0.0.0.0:40001', '0.0.0.0:0', { device: 3 })],
  ])('never takes a socket %s', (_name, decoy) => {
    expect(climb([decoy], sender, 2)).toEqual({ kind: 'none' });
    expect(climb([decoy, unbound], sender, 2)).toMatchObject({ sockets: [unbound] });
  });

  it('gives every socket that may have sent, the likeliest first, whose rung is the grade', () => {
    expect(climb([unbound, bound, connected], sender)).toMatchObject({
      grade: 'exact',
      sockets: [connected, bound, unbound],
    });
    expect(climb([unbound, bound], sender)).toMatchObject({ grade: 'wildcard', sockets: [bound, unbound] });
  });

  it('gives those of the earliest rung alone where the kernel chooses', () => {
    expect(climbToBest([unbound, bound], sender)).toMatchObject({ grade: 'wildcard', sockets: [bound] });
    expect(climbToBest([unbound], sender)).toMatchObject({ sockets: [unbound] });
    expect(climbToBest([], sender)).toEqual({ kind: 'none' });
    expect(climbToBest([{ ...bound, inode: 0 }, unbound], sender)).toEqual({ kind: 'orphaned' });
  });

  it('gives every socket that shares a rung, once', () => {
    const twin = socket('10.0.0.2:40001');
    expect(climb([bound, twin, bound], sender)).toMatchObject({ sockets: [bound, twin] });
    expect(climb([unbound, unbound6], sender)).toMatchObject({ sockets: [unbound, unbound6] });
  });

  it('tells twins apart by the uid where the packet has one', () => {
    const twin = socket('10.0.0.2:40001', '0.0.0.0:0', { uid: 33 });
    expect(climb([bound, twin], sender)).toMatchObject({ sockets: [bound] });
    expect(climb([bound, twin], { ...sender, uid: null })).toMatchObject({ sockets: [bound, twin] });
  });

  it('takes a socket bound to the device, or to any where the device proves nothing', () => {
    const eth0 = socket('0.0.0.0:68', '0.0.0.0:0', { device: 2 });
    const flow = { ...sender, src: { address: '10.0.0.2', port: 68 } };
    expect(climb([eth0], flow, 2)).toMatchObject({ kind: 'owned' });
    expect(climb([eth0], flow)).toMatchObject({ kind: 'owned' });
  });

  it('knows a socket without an inode as orphaned, even if another is bound to the port', () => {
    const timeWait = socket('10.0.0.2:40001', '10.0.0.9:53', { inode: 0, uid: 0, state: 6 });
    expect(climb([timeWait, unbound], sender)).toEqual({ kind: 'orphaned' });
    expect(climb([timeWait, connected], sender)).toMatchObject({ kind: 'owned', sockets: [connected] });
  });

  it('compares IPv6 addresses by value, and never takes an IPv4 socket for them', () => {
    const six = socket('fd00::2:40001', 'fd00::9:53');
    const spelt = { ...sender6, src: { address: 'FD00:0:0::2', port: 40001 } };
    expect(climb([unbound, connected, six], spelt)).toMatchObject({ grade: 'exact', sockets: [six] });
    expect(climb([unbound, connected], spelt)).toEqual({ kind: 'none' });
    expect(climb([unbound6], spelt)).toMatchObject({ grade: 'wildcard', sockets: [unbound6] });
  });

  it('has nothing to say without candidates', () => {
    expect(climb([], sender)).toEqual({ kind: 'none' });
  });
});
