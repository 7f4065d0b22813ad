import { constants } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { openAim } from '../../src/match/audit/aim.js';
import type { Call } from '../../src/match/audit/calls.js';
import { flowOf } from '../../src/match/audit/flow.js';
import { openSendings, type Sendings } from '../../src/match/audit/sendings.js';
import { openCallSockets, type LookUp } from '../../src/match/audit/sockets.js';
import { readSockaddr, textOf } from '../../src/match/audit/sockaddr.js';
import { parseTarget } from '../../src/target/parse.js';
import type { ResolvedTarget } from '../../src/target/target.js';

const targets = ['192.0.2.1:53/udp', '192.0.2.0/24:443/tcp', '2001:db8::/32:53/udp', '198.51.100.1/icmp'].map(
  (text): ResolvedTarget => {
    const target = parseTarget(text);
    return { ...target, networks: target.host.kind === 'network' ? [target.host.network] : 'any' };
  },
);
const PROBE = { address: '127.1.2.3', port: 4000 };
const NO_PID = 2 ** 22 + 1;

function sockaddr(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(2, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}

function call(name: Call['name'], args: number[], changes: Partial<Call> = {}): Call {
  const who = { pid: NO_PID, ppid: 1, uid: 1000, gid: 1000, loginUid: null, exe: '/usr/bin/perl' };
  return { at: 0, exit: 0, ...who, name, args, address: undefined, ...changes };
}

const UDP = [2, 0x80002, 0];
const TCP = [2, 1, 6];
const socket = (descriptor: number, args: number[]) => call('socket', args, { exit: descriptor });
const sendto = (descriptor: number, to?: [string, number], changes: Partial<Call> = {}) =>
  call('sendto', [descriptor, 0, 5, 0], { exit: 5, address: to && sockaddr(...to), ...changes });
const connect = (descriptor: number, to: [string, number], exit = 0) =>
  call('connect', [descriptor, 0, 16, 0], { exit, address: sockaddr(...to) });

let sendings: Sendings;
let here: boolean | undefined;
beforeEach(() => {
  here = true;
  sendings = open();
});

function open(newConnections = false, lookUp: LookUp = () => undefined): Sendings {
  return openSendings({
    aim: openAim(targets, PROBE),
    sockets: openCallSockets('/proc', lookUp),
    whereabouts: { isHere: () => here, moved: () => undefined },
    newConnections,
  });
}

/** The tags of those that send to a target. */
function tags(...calls: Call[]): (string | undefined)[] {
  return calls.map(one => sendings.of(one)?.tag);
}

const DNS: [string, number] = ['192.0.2.1', 53];
const WEB: [string, number] = ['192.0.2.9', 443];

describe('calls that send', () => {
  it('are those on a socket of the target’s protocol, to its address and port', () => {
    expect(tags(socket(3, UDP), sendto(3, DNS))).toEqual([undefined, '0']);
    expect(tags(sendto(3, ['192.0.2.2', 53]), sendto(3, ['192.0.2.1', 54]))).toEqual([undefined, undefined]);
    expect(tags(socket(4, TCP), connect(4, WEB))).toEqual([undefined, '1']);
    expect(tags(sendto(3, WEB))).toEqual([undefined]);
  });

  it('are not those that failed, unless a packet had left', () => {
    const { EINPROGRESS, ECONNREFUSED, ENETUNREACH, EPERM } = constants.errno;
    tags(socket(3, UDP), socket(4, TCP), socket(5, TCP), socket(6, TCP));
    expect(tags(sendto(3, DNS, { exit: -EPERM }))).toEqual([undefined]);
    expect(tags(connect(4, WEB, -ENETUNREACH), connect(5, WEB, -ECONNREFUSED))).toEqual([undefined, '1']);
    expect(tags(connect(6, WEB, -EINPROGRESS), connect(6, WEB))).toEqual(['1', undefined]);
  });

  it('count on a udp socket not when it is connected, but when it sends', () => {
    expect(tags(socket(3, UDP), connect(3, DNS))).toEqual([undefined, undefined]);
    expect(sendings.doubts.connected).toBe(1);
    expect(tags(sendto(3))).toEqual(['0']);
    expect(sendings.doubts.connected).toBe(0);
  });

  it('are not those on a descriptor that means something else by now', () => {
    tags(socket(3, UDP), connect(3, DNS), socket(3, [1, 2, 0]));
    expect(tags(sendto(3))).toEqual([undefined]);
    tags(socket(4, UDP), connect(4, DNS), socket(4, TCP));
    expect(tags(sendto(4))).toEqual([undefined]);
    tags(socket(5, UDP), connect(5, DNS), connect(5, ['192.0.2.77', 53]));
    expect(tags(sendto(5))).toEqual([undefined]);
  });

  it('go to the peer of a tcp socket, whatever address they name; with MSG_FASTOPEN to that', () => {
    tags(socket(3, TCP), connect(3, WEB));
    expect(tags(sendto(3, DNS))).toEqual(['1']);
    tags(socket(4, TCP));
    const open = call('sendto', [4, 0, 5, 0x20000000], { exit: 5, address: sockaddr(...WEB) });
    expect(tags(sendto(4, WEB), open)).toEqual([undefined, '1']);
  });

  it('of tcp are only those that open a connection, where that is asked for', () => {
    sendings = open(true);
    expect(tags(socket(3, TCP), connect(3, WEB), sendto(3))).toEqual([undefined, '1', undefined]);
  });

  it('are left out and counted where the protocol cannot be known any more', () => {
    expect(tags(sendto(3, DNS), sendto(3, ['192.0.2.1', 99]))).toEqual([undefined, undefined]);
    expect(sendings.doubts.socketGone).toBe(1);
  });

  it('are left out in another network namespace, and marked where that is not known', () => {
    tags(socket(3, UDP));
    here = false;
    expect(tags(sendto(3, DNS))).toEqual([undefined]);
    here = true;
    expect(sendings.of(sendto(3, DNS))).toMatchObject({ tag: '0', isHere: true });
    here = undefined;
    expect(sendings.of(sendto(3, DNS))).toMatchObject({ tag: '0', isHere: undefined });
  });

  it('on a ping socket have no port', () => {
    tags(socket(3, [2, 2, 1]));
    const sending = sendings.of(sendto(3, ['198.51.100.1', 0]))!;
    expect(sending.tag).toBe('3');
    expect(flowOf(sending.call, sending.socket, sending.to)).toMatchObject({
      protocol: 'icmp',
      dst: { address: '198.51.100.1' },
      src: { address: '0.0.0.0' },
    });
  });

  it('tell how much they send: a probe’s size tells it from others', () => {
    tags(socket(3, UDP));
    const sending = sendings.of(sendto(3, [PROBE.address, PROBE.port], { exit: 7 }))!;
    expect(sending.tag).toBe('p');
    expect(flowOf(sending.call, sending.socket, sending.to).length).toBe(35);
  });
});

describe('a socket that is older than ptrap', () => {
  it('is looked up while it lives, once', async () => {
    const { createSocket } = await import('node:dgram');
    const own = createSocket('udp4');
    await new Promise<void>(resolve => own.bind(0, '127.0.0.1', resolve));
    const descriptor = (own as unknown as { _handle: { fd: number } })._handle.fd;
    let looked = 0;
    const found = { protocol: 'udp', local: { address: '127.0.0.1', port: 7 }, peer: undefined };
    sendings = open(false, () => ((looked += 1), found));
    here = undefined;
    const send = sendto(descriptor, DNS, { pid: process.pid });
    expect(tags(send, send)).toEqual(['0', '0']);
    expect(looked).toBe(1);
    own.close();
  });
});

describe('a struct sockaddr', () => {
  it('of IPv4 in IPv6 is IPv4, and that for any address is loopback', () => {
    const mapped = Buffer.alloc(28);
    mapped.writeUInt16LE(10, 0);
    mapped.writeUInt16BE(53, 2);
    mapped.set([255, 255, 192, 0, 2, 1], 18);
    expect(textOf(readSockaddr(mapped)!)).toBe('192.0.2.1');
    expect(textOf(readSockaddr(sockaddr('0.0.0.0', 1))!)).toBe('127.0.0.1');
    expect(readSockaddr(Buffer.from('1000000000000000', 'hex'))).toBeUndefined();
    expect(readSockaddr(mapped.subarray(0, 20))).toBeUndefined();
  });
});
