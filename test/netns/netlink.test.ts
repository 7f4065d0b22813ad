import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constants } from 'node:os';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../src/errors.js';
import { openDirectNetlink } from '../../src/netlink/direct.js';
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
import { isErrno, openNetlink, type NetlinkSocket } from '../../src/netlink/socket.js';
import { ask, must } from '../../src/sys/exec.js';

const RTM_GETLINK = 18;
const NLMSG_NOOP = 1;
const NETNS = `ptrap-test-direct-${process.pid}`;

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

/** A request for lo. */
function getLoopback(sequence: number): Buffer {
  const loopback = Buffer.alloc(16);
  loopback.writeInt32LE(1, 4);
  return Buffer.concat([messageHeader(RTM_GETLINK, NLM_F_REQUEST, sequence, loopback.length), loopback]);
}

const sequencesIn = (bytes: Buffer) => messagesOf(bytes).map(({ sequence }) => sequence);

describe('openDirectNetlink', () => {
  it('is read by its child alone while it is written to from here, until it is disposed of', async () => {
    const socket = openDirectNetlink(NETLINK_ROUTE);
    expect(await linkIndex(socket, 'lo')).toBe(1);
    const child = socket.share('cat', [], { stdout: 'pipe' });
    const answers: number[] = [];
    using _relay = hearRelay(child, { onMessages: bytes => answers.push(...sequencesIn(bytes)) });
    const sequences = Array.from({ length: 200 }, (_, index) => 1000 + index);
    for (const sequence of sequences) {
      expect(socket.send(getLoopback(sequence))).toBe(true);
      await nextTurn();
    }
    await expect.poll(() => answers, { timeout: 10_000 }).toEqual(sequences);
    socket[Symbol.dispose]();
    socket[Symbol.dispose]();
    expect(socket.send(getLoopback(1))).toBe(false);
    child.kill('SIGKILL');
  });

  it('hears what comes, at once where that is asked for, and none while it pauses', async () => {
    using socket = openDirectNetlink(NETLINK_ROUTE);
    const heard: number[] = [];
    const hearing = socket.hear({ onMessages: bytes => heard.push(...sequencesIn(bytes)) });
    socket.send(getLoopback(1));
    expect(hearing.catchUp()).toBe(true);
    expect(heard).toEqual([1]);
    for (let sequence = 2; sequence <= 200; sequence += 1) socket.send(getLoopback(sequence));
    const all = Array.from({ length: 200 }, (_, index) => 1 + index);
    await expect.poll(() => heard).toEqual(all);
    hearing.pause();
    socket.send(getLoopback(201));
    await sleep(50);
    expect(heard).toHaveLength(200);
    hearing.resume();
    await expect.poll(() => heard.at(-1)).toBe(201);
  });

  it('says that some was lost, wherever that is found, and hears on', async () => {
    using socket = openDirectNetlink(NETLINK_ROUTE, { queueBytes: 1 });
    const heard: number[] = [];
    let overruns = 0;
    const hearing = socket.hear({
      onMessages: bytes => heard.push(...sequencesIn(bytes)),
      onOverrun: () => (overruns += 1),
    });
    const flood = () => {
      for (let sequence = 1; sequence <= 20; sequence += 1) socket.send(getLoopback(sequence));
    };
    flood();
    await expect.poll(() => overruns).toBe(1);
    flood();
    expect(hearing.catchUp()).toBe(false);
    expect(overruns).toBe(2);
    await sleep(20);
    expect(hearing.catchUp()).toBe(true);
    socket.send(getLoopback(21));
    await expect.poll(() => heard.at(-1)).toBe(21);
  });

  it.each([
    ['passes on what its listener throws', "throw new Error('of the listener')", 1, /of the listener/],
    ['keeps at once what its listener promises', 'Promise.resolve().then(() => process.exit(3))', 3, /^$/],
  ])('%s', async (_, does, code, stderr) => {
    const script = `import { openDirectNetlink } from './src/netlink/direct.ts';
      const socket = openDirectNetlink(${NETLINK_ROUTE});
      socket.hear({ onMessages() { ${does}; } });
      socket.send(Buffer.from('${getLoopback(1).toString('hex')}', 'hex'));
      setTimeout(() => process.exit(7), 4000);`;
    const end = await ask(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    expect(end.stderr).toMatch(stderr);
    expect(end.code).toBe(code);
  });

  it('is of the network namespace that it was opened for, and leaves us in ours', async () => {
    await must('ip', ['netns', 'add', NETNS]);
    try {
      await must('ip', ['-n', NETNS, 'link', 'add', 'only-there', 'type', 'veth']);
      using there = openDirectNetlink(NETLINK_ROUTE, { netns: `/run/netns/${NETNS}` });
      using here = openDirectNetlink(NETLINK_ROUTE);
      expect(await linkIndex(there, 'only-there')).toBeGreaterThan(0);
      expect(await linkIndex(here, 'only-there')).toBeUndefined();
    } finally {
      await must('ip', ['netns', 'delete', NETNS]);
    }
  });

  it('says that the kernel does not have a protocol', () => {
    expect(() => openDirectNetlink(31)).toThrow('PTRAP_E_NETLINK');
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
