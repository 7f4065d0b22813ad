import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failure } from '../../src/errors.js';
import {
  attribute,
  messageHeader,
  messagesOf,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from '../../src/netlink/message.js';
import { linkIndex, NETLINK_ROUTE } from '../../src/netlink/link.js';
import { NETLINK_NETFILTER } from '../../src/netlink/netfilter.js';
import { counterReader } from '../../src/netlink/nft-counter.js';
import { eachKey, listElements } from '../../src/netlink/nft-elements.js';
import { hearRelay } from '../../src/netlink/relay.js';
import { openSharedNetlink } from '../../src/netlink/shared.js';
import { isErrno, openNetlink, type NetlinkSocket } from '../../src/netlink/socket.js';
import { ask, must } from '../../src/sys/exec.js';

const RTM_GETLINK = 18;
const NLMSG_NOOP = 1;

describe('openNetlink, against this kernel', () => {
  it('gets, dumps and refuses, all asked at once', async () => {
    using route = openNetlink(NETLINK_ROUTE);
    const byName = (name: string) =>
      route.request(
        RTM_GETLINK,
        0,
        Buffer.concat([Buffer.alloc(16), attribute(3, Buffer.from(`${name}\0`))]),
      );
    const [one, all, none, again] = await Promise.all([
      byName('lo'),
      route.request(RTM_GETLINK, NLM_F_DUMP, Buffer.alloc(16)),
      byName('none').catch((error: unknown) => error),
      byName('lo'),
    ]);
    expect(one).toHaveLength(1);
    expect(all.length).toBeGreaterThan(0);
    expect(isErrno(none, constants.errno.ENODEV)).toBe(true);
    expect(again).toEqual(one);
  });

  it('rejects what the kernel does not answer, and goes on', async () => {
    using route = openNetlink(NETLINK_ROUTE, { timeoutMs: 50 });
    await expect(route.request(NLMSG_NOOP, 0, Buffer.alloc(0))).rejects.toThrow('PTRAP_E_NETLINK_TIMEOUT');
    expect(await linkIndex(route, 'lo')).toBe(1);
  });

  it('rejects everything open when it is closed, and all that comes later', async () => {
    const route = openNetlink(NETLINK_ROUTE);
    const open = Array.from({ length: 3 }, () => linkIndex(route, 'lo').catch((error: unknown) => error));
    route[Symbol.dispose]();
    route[Symbol.dispose]();
    const closed = failure('PTRAP_E_NETLINK_CLOSED');
    expect(await Promise.all(open)).toEqual([closed, closed, closed]);
    await expect(linkIndex(route, 'lo')).rejects.toThrow('PTRAP_E_NETLINK_CLOSED');
  });

  it('can be closed by the very answer it gives', async () => {
    for (let round = 0; round < 20; round++) {
      const route = openNetlink(NETLINK_ROUTE);
      const open = Array.from({ length: 5 }, () => linkIndex(route, 'lo').catch(() => 'closed'));
      expect(await open[0]).toBe(1);
      route[Symbol.dispose]();
      await Promise.all(open);
    }
  });

  it('says that the kernel does not have a protocol', () => {
    expect(() => openNetlink(31)).toThrow('PTRAP_E_NETLINK');
  });
});

describe('openSharedNetlink', () => {
  it('is read by its child alone while it is written to from here, until it is disposed of', async () => {
    const socket = openSharedNetlink(NETLINK_ROUTE, 1 << 20);
    expect(await linkIndex(socket, 'lo')).toBe(1);
    const child = socket.share('cat', [], { stdout: 'pipe' });
    const answers: number[] = [];
    using _relay = hearRelay(child, {
      onMessages: bytes => answers.push(...messagesOf(bytes).map(({ sequence }) => sequence)),
      onEnd: () => undefined,
    });
    const loopback = Buffer.alloc(16);
    loopback.writeInt32LE(1, 4);
    const sequences = Array.from({ length: 200 }, (_, index) => 1000 + index);
    for (const sequence of sequences) {
      const header = messageHeader(RTM_GETLINK, NLM_F_REQUEST, sequence, loopback.length);
      expect(socket.send(Buffer.concat([header, loopback]))).toBe(true);
      await nextTurn();
    }
    await expect.poll(() => answers, { timeout: 10_000 }).toEqual(sequences);
    socket[Symbol.dispose]();
    socket[Symbol.dispose]();
    expect(socket.send(loopback)).toBe(false);
    child.kill('SIGKILL');
  });

  it('says that the kernel does not have a protocol', () => {
    expect(() => openSharedNetlink(31, 1 << 20)).toThrow('PTRAP_E_NETLINK');
  });
});

describe('linkIndex', () => {
  it('knows no index of a device that is not there', async () => {
    using route = openNetlink(NETLINK_ROUTE);
    expect(await linkIndex(route, 'ptrap-none')).toBeUndefined();
  });
});

describe('a dump that was given up', () => {
  const table = `ptrap_test_dump_${process.pid}`;
  const listKeys = async (socket: NetlinkSocket): Promise<number> => {
    let count = 0;
    for (const payload of await listElements(socket, table, 'keys')) eachKey(payload, () => (count += 1));
    return count;
  };
  const keys = Array.from({ length: 6000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  beforeAll(async () => {
    await must('nft', [`add table inet ${table}; add set inet ${table} keys { type ipv4_addr; }`]);
    for (let at = 0; at < keys.length; at += 1000) {
      const some = keys.slice(at, at + 1000).join(', ');
      await must('nft', [`add element inet ${table} keys { ${some} }`]);
    }
  });
  afterAll(async () => {
    await ask('nft', ['delete', 'table', 'inet', table]);
  });

  it.each([0, 15])(
    'is in the way of no other, also where the event loop stands still for %i ms',
    async ms => {
      using socket = openNetlink(NETLINK_NETFILTER, { timeoutMs: 1 });
      using patient = openNetlink(NETLINK_NETFILTER);
      for (let round = 0; round < 30; round += 1) {
        const asked = performance.now();
        const listing = listKeys(socket).catch((error: unknown) => error);
        while (performance.now() - asked < ms);
        const listed = await listing;
        if (listed instanceof Error) expect(listed.message).toContain('PTRAP_E_NETLINK_TIMEOUT');
        else expect(listed).toBe(keys.length);
      }
      expect(await listKeys(patient)).toBe(keys.length);
    },
  );
});

describe('counterReader, against nft', () => {
  const table = `ptrap_test_${process.pid}`;
  beforeAll(async () => {
    await must('nft', [`add table inet ${table}; add counter inet ${table} seen { packets 5 bytes 700 }`]);
  });
  afterAll(async () => {
    await ask('nft', ['delete', 'table', 'inet', table]);
  });

  it('reads what a rule counts, and tells when the counter is gone', async () => {
    using socket = openNetlink(NETLINK_NETFILTER);
    const seen = counterReader(socket, table, 'seen');
    const other = counterReader(socket, table, 'other');
    expect(await seen()).toBe(5);
    await must('nft', [
      `add counter inet ${table} other; add chain inet ${table} out { type filter hook output priority 0; };
      add rule inet ${table} out ip daddr 127.77.0.1 icmp type echo-request counter name seen`,
    ]);
    expect(await other()).toBe(0);
    await ask('ping', ['-n', '-c', '2', '-i', '0.1', '127.77.0.1']);
    expect(await seen()).toBe(7);
    expect(await Promise.all(Array.from({ length: 200 }, seen))).toEqual(Array(200).fill(7));
    await must('nft', ['delete', 'table', 'inet', table]);
    const error = await seen().catch((failed: unknown) => failed);
    expect(isErrno(error, constants.errno.ENOENT)).toBe(true);
  });
});
