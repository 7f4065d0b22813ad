import { EventEmitter } from 'node:events';
import { describe } from 'vitest';
import { PtrapError } from '../../src/errors.js';
import { parsePacket } from '../../src/match/packet.js';
import { attribute, eachAttribute, messagesOf } from '../../src/netlink/message.js';
import { be32, netfilterHeader } from '../../src/netlink/netfilter.js';
import { readQueued } from '../../src/netlink/nfqueue.js';
import { readLogged } from '../../src/netlink/nflog.js';
import { packetsIn } from '../../src/netlink/nft-counter.js';
import { encodeRule, readRule } from '../../src/netlink/audit.js';
import { eachRecord, readRecord } from '../../src/netlink/audit-record.js';
import { eachKey } from '../../src/netlink/nft-elements.js';
import { readProcMessage } from '../../src/netlink/proc-event.js';
import { hearRelay } from '../../src/netlink/relay.js';
import { decodeSocket } from '../../src/resolve/sock-diag.js';
import { idsIn } from '../../src/rules/cgroup-ids.js';
import { records, SENDTO } from '../netlink/audit-records.js';
import { recorded } from '../netlink/fixture.js';
import { fuzz, isUint, isWithin, must } from './fuzz.js';
import { hostileBytes, numbers } from './generator.js';

const dumps = ['udp4-dump-40001', 'udp6-dump-40002', 'udp6-dump-40004', 'tcp4-get', 'tcp4-get-enoent'];
const datagrams = [...dumps, 'nft-counter', 'nflog', 'proc-events'].map(recorded);
const payloadsOf = (...names: string[]): Buffer[] =>
  names.flatMap(name => messagesOf(recorded(name)).map(({ payload }) => payload));
const packets = payloadsOf('nflog').flatMap(payload => readLogged(payload)?.packet ?? []);

/** A packet as linux/netfilter/nfnetlink_queue.h has it: NFQA_PACKET_HDR, _IFINDEX_OUTDEV, _UID, _PAYLOAD. */
function queued(packet: Buffer, id: number): Buffer {
  const header = Buffer.concat([be32(id), Buffer.from([8, 0, 3, 0])]);
  const attributes = [
    attribute(1, header),
    attribute(6, be32(1)),
    attribute(16, be32(1000)),
    attribute(10, packet),
  ];
  return Buffer.concat([netfilterHeader(2, 77), ...attributes]);
}

const ADDRESS = { ipv4: /^\d{1,3}(\.\d{1,3}){3}$/, ipv6: /^[0-9a-f:]+$/ };

/** What a parser gives; undefined where it threw what it may throw, and nothing else. */
function malformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PtrapError && error.code === 'PTRAP_E_NETLINK_MALFORMED') return undefined;
    throw error;
  }
}

const auditRecords = records(SENDTO);

describe('netlink', () => {
  fuzz(
    'messagesOf',
    () => hostileBytes(datagrams),
    bytes => {
      const messages = malformed(() => messagesOf(bytes));
      if (!messages) return false;
      must(messages.length <= bytes.length / 16, 'more messages than there is room for');
      for (const { payload, type, flags, sequence } of messages) {
        must(isWithin(payload, bytes), 'a payload that lies outside');
        must(isUint(type, 16) && isUint(flags, 16) && isUint(sequence, 32), 'a header out of range');
      }
      return messages.length > 0;
    },
  );

  fuzz(
    'eachAttribute',
    () => hostileBytes(payloadsOf('nflog', 'nft-counter').map(payload => payload.subarray(4))),
    bytes => {
      let [count, last] = [0, -1];
      eachAttribute(bytes, (type, value) => {
        count += 1;
        must(isUint(type, 14) && isWithin(value, bytes), 'a value that lies outside');
        must(value.byteOffset - bytes.byteOffset > last, 'the same place twice');
        last = value.byteOffset - bytes.byteOffset;
      });
      must(count <= bytes.length / 4, 'more attributes than there is room for');
      return count > 0;
    },
  );

  fuzz(
    'readLogged',
    () => hostileBytes(payloadsOf('nflog')),
    bytes => {
      const logged = readLogged(bytes);
      if (!logged) return false;
      const { prefix, packet, oif, uid, gid } = logged;
      must(isWithin(packet, bytes), 'a packet that lies outside');
      must(prefix.length <= bytes.length, 'a prefix longer than the message');
      must(isUint(oif, 32) && [uid, gid].every(id => id === null || isUint(id, 32)), 'a number out of range');
      return true;
    },
  );

  fuzz(
    'readQueued',
    () => hostileBytes(packets.map(queued)),
    bytes => {
      const found = readQueued(bytes);
      if (!found) return false;
      const { packet, queue, id, oif, uid, gid } = found;
      must(isWithin(packet, bytes), 'a packet that lies outside');
      must(isUint(queue, 16) && isUint(id, 32) && isUint(oif, 32), 'a number out of range');
      must(
        [uid, gid].every(owner => owner === null || isUint(owner, 32)),
        'an owner out of range',
      );
      return true;
    },
  );

  fuzz(
    'readRecord',
    () => hostileBytes(auditRecords.map(bytes => bytes.subarray(16))),
    bytes => {
      const record = readRecord(bytes.length % 2 === 0 ? 1300 : 1306, bytes);
      if (!record) return false;
      must(isUint(record.serial, 34), 'a serial out of range');
      if (record.what === 'address')
        must(record.bytes.length <= 128, 'an address longer than the kernel has');
      if (record.what !== 'call') return true;
      const { pid, ppid, uid, args, exe } = record.call;
      must(
        [pid, ppid, uid].every(id => isUint(id, 34)),
        'an id out of range',
      );
      must(
        args.every(arg => isUint(arg, 32)),
        'an argument out of range',
      );
      must((exe ?? '').length <= bytes.length, 'a path longer than its record');
      return true;
    },
  );

  fuzz(
    'eachRecord',
    () => hostileBytes([Buffer.concat(auditRecords)]),
    bytes => {
      let count = 0;
      const end = malformed(() =>
        eachRecord(bytes, (_, payload) => {
          count += 1;
          must(isWithin(payload, bytes), 'a record that lies outside');
        }),
      );
      must(end === undefined || end <= bytes.length, 'an end beyond the end');
      must(count <= bytes.length / 16, 'more records than there is room for');
      return count > 0;
    },
  );

  fuzz(
    'readRule',
    () => hostileBytes([encodeRule({ syscalls: [42], fields: [[11, 0xc000003e]], key: 'ptrap-abc123' })]),
    bytes => {
      const rule = readRule(bytes);
      if (!rule) return false;
      must((rule.key ?? '').length <= bytes.length, 'a key longer than its rule');
      return true;
    },
  );

  fuzz(
    'readProcMessage',
    () => hostileBytes(payloadsOf('proc-events')),
    bytes => {
      const message = readProcMessage(bytes);
      if (!message?.event) return false;
      const { event } = message;
      must(Number.isFinite(event.at) && Number.isInteger(event.pid), 'no time or no pid');
      if (event.what === 'comm') must(event.comm.length <= 16, 'a comm longer than the kernel has');
      return true;
    },
  );

  fuzz(
    'decodeSocket',
    () => hostileBytes(payloadsOf(...dumps.slice(0, 4))),
    bytes => {
      const socket = decodeSocket(bytes);
      if (!socket) return false;
      for (const { address, port } of [socket.local, socket.remote]) {
        must(ADDRESS.ipv4.test(address) || ADDRESS.ipv6.test(address), `address ${address}`);
        must(isUint(port, 16), 'a port out of range');
      }
      must(
        [socket.inode, socket.uid, socket.device].every(number => isUint(number, 32)),
        'a number out of range',
      );
      return true;
    },
  );

  fuzz(
    'packetsIn',
    () => hostileBytes(payloadsOf('nft-counter')),
    bytes => {
      const count = packetsIn(bytes);
      must(count >= 0 && count <= 2 ** 64, 'a count out of range');
      return count > 0;
    },
  );

  fuzz(
    'eachKey and idsIn',
    () => hostileBytes([recorded('nft-elements')]),
    bytes => {
      let keys = 0;
      eachKey(bytes, (start, end) => {
        keys += 1;
        must(start <= end && end <= bytes.length, 'a key that lies outside');
      });
      must(keys <= bytes.length / 4, 'more keys than there is room for');
      const ids = [...idsIn([bytes])];
      for (const [from, id] of ids) {
        must(isUint(from, 24), 'a port out of range');
        must(id === undefined || (id >= 0n && id < 2n ** 64n), 'an id out of range');
      }
      return ids.length > 0;
    },
  );

  const random = numbers();
  fuzz(
    'hearRelay, in chunks',
    () => hostileBytes(datagrams),
    bytes => {
      let heard = 0;
      const stdout = new EventEmitter();
      const stderr = Object.assign(new EventEmitter(), { resume: () => undefined });
      const child = { stdout, stderr, unref: () => undefined, once: () => undefined };
      hearRelay(child as unknown as Parameters<typeof hearRelay>[0], {
        onMessages(whole) {
          heard += whole.length;
          malformed(() => messagesOf(whole));
        },
        onEnd: () => undefined,
      });
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(200);
        stdout.emit('data', bytes.subarray(at, end));
        at = end;
      }
      must(heard <= bytes.length, 'more was heard than was said');
      return heard > 0;
    },
  );
});

describe('packets', () => {
  fuzz(
    'parsePacket',
    () => hostileBytes(packets),
    bytes => {
      const packet = parsePacket(bytes);
      if (!packet) return false;
      const { flow, payload } = packet;
      must(isWithin(payload, bytes), 'a payload that lies outside');
      must(isUint(flow.length, 17), 'a length out of range');
      for (const { address, port } of [flow.src, flow.dst]) {
        must(ADDRESS[flow.family].test(address), `address ${address}`);
        must(port === undefined || isUint(port, 16), 'a port out of range');
      }
      must(/^[a-z0-9]+$/.test(flow.protocol), `protocol ${flow.protocol}`);
      must((flow.tcpFlags !== undefined) === (flow.protocol === 'tcp'), 'flags of what is not tcp');
      const { type = 0, code = 0, id = 0 } = flow.icmp ?? {};
      must(isUint(type, 8) && isUint(code, 8) && isUint(id, 16), 'ICMP out of range');
      return true;
    },
  );
});
