import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/events.js';
import type { ProcEvent } from '../../src/netlink/proc-event.js';
import type { Finding } from '../../src/resolve/find.js';
import { openKnown } from '../../src/resolve/known.js';
import type { Answer } from '../../src/resolve/owners.js';
import type { Socket } from '../../src/resolve/socket.js';
import { exec, exit, fork, openTestTable, uid } from './events.js';
import { openProcTree, type FakeProcess } from './proc-tree.js';

const INODE = 31337;
const [SRC, DST] = [
  { address: '10.0.0.2', port: 40001 },
  { address: '192.168.1.1', port: 53 },
];
const root: FakeProcess = { files: { status: 'Uid:\t0\t0\t0\t0\nThreads:\t1\n' } };
const daemon: FakeProcess = {
  ...root,
  comm: 'daemon',
  ppid: 1,
  files: { ...root.files, cmdline: 'daemon\0-x\0' },
};

/** A machine with init (1) and a root daemon (2), and how to ask who sent a packet. */
async function open(processes: Record<number, FakeProcess> = {}) {
  const tree = openProcTree({ 1: { ...root, comm: 'init' }, 2: daemon, ...processes });
  const { table, tell, delay, lose, said } = await openTestTable(tree.proc);
  const name = openKnown(table);

  /** Asks for a packet of now; `socket` is what the kernel says of it. */
  function ask(
    socket: Partial<Socket> | undefined,
    {
      flow = {},
      at = performance.now(),
      since = performance.now(),
    }: { flow?: Partial<Flow>; at?: number; since?: number } = {},
  ): Promise<Answer | undefined> {
    const whole: Flow = {
      family: 'ipv4',
      protocol: 'udp',
      src: SRC,
      dst: DST,
      oif: 'eth0',
      uid: 0,
      gid: 0,
      length: 60,
      ...flow,
    };
    const finding: Finding = {
      via: 'sock-diag',
      standing: socket
        ? { kind: 'owned', grade: 'exact', sockets: [{ inode: INODE, uid: 0, ...socket } as Socket] }
        : { kind: 'none' },
      asked: since,
      again: () => Promise.resolve({ kind: 'none' }),
    };
    const time = new Date(Date.now() + (at - performance.now())).toISOString();
    return name({ target: 'test', at: time, flow: whole }, finding, since);
  }

  /** A process begins: a fork of `parent` that runs a program of its own, `sockets` under numbers of theirs. */
  function start(
    pid: number,
    parent: number,
    { sockets = {}, files = {}, ...more }: FakeProcess = {},
  ): ProcEvent[] {
    const folder = `${tree.proc}/${pid}`;
    mkdirSync(`${folder}/fd`, { recursive: true });
    const stat = `${pid} (${more.comm ?? 'sender'}) S ${parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${more.startTime ?? 5000} 0`;
    const all = { stat, status: 'Uid:\t0\t0\t0\t0\nThreads:\t1\n', cmdline: `sender\0${pid}\0`, ...files };
    for (const [file, text] of Object.entries(all)) writeFileSync(`${folder}/${file}`, text);
    for (const [fd, inode] of Object.entries(sockets)) symlinkSync(`socket:[${inode}]`, `${folder}/fd/${fd}`);
    const events = [fork(pid, parent), exec(pid)];
    tell(...events);
    return events;
  }

  /** It ends, and so does its folder; the event may come later. */
  function end(pid: number, at?: number): void {
    rmSync(`${tree.proc}/${pid}`, { recursive: true });
    tell(exit(pid, at));
  }

  return { tree, table, tell, delay, lose, said, ask, start, end };
}

const pids = (answer: Answer | undefined) =>
  answer && ('reason' in answer ? answer.reason : answer.processes.map(({ pid }) => pid));
/** Until what has begun has been read. */
const settled = () => sleep(10);

describe('a sender that lives', () => {
  it('is named with its forebears, those that have ended included', async () => {
    const { ask, start, end } = await open();
    start(20, 2);
    await settled();
    start(30, 20, { sockets: { 3: INODE } });
    end(20);
    const answer = await ask({});
    expect(answer).toMatchObject({ grade: 'exact', via: 'sock-diag', inode: INODE });
    expect(answer && 'processes' in answer && answer.processes[0]).toMatchObject({
      pid: 30,
      ppid: 20,
      comm: 'sender',
      argv: ['sender', '30'],
      startTime: 5000,
      ancestors: [
        { pid: 20, comm: 'sender', argv: ['sender', '20'] },
        { pid: 2, comm: 'daemon', argv: ['daemon', '-x'] },
        { pid: 1, comm: 'init' },
      ],
    });
  });

  it('is shared with who else holds the socket', async () => {
    const { ask, start } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    start(30, 20, { sockets: { 3: INODE } });
    expect(await ask({})).toMatchObject({ grade: 'shared', processes: [{ pid: 30 }, { pid: 20 }] });
  });

  it('is not told from memory where a fork of who holds the socket may not have been heard of', async () => {
    const { ask, start, delay } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    expect(pids(await ask({}))).toEqual([20]);
    delay();
    expect(await ask({})).toBeUndefined();
  });

  it('is not who was started after the packet', async () => {
    const { ask, start } = await open();
    const at = performance.now();
    await sleep(120);
    start(20, 2, { sockets: { 3: INODE } });
    expect(pids(await ask({}, { at: at - 50 }))).toBe('exited');
    expect(pids(await ask({}))).toEqual([20]);
  });

  it('is told as it is now, whatever it was before', async () => {
    const { ask, start, tree } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    await sleep(60);
    writeFileSync(`${tree.proc}/20/cmdline`, 'another\0');
    expect(await ask({})).toMatchObject({ processes: [{ argv: ['another'] }] });
  });
});

describe.concurrent('a sender that has ended', () => {
  it('is told from memory when it ends while it is looked at', async () => {
    const { ask, start, tree, tell, table } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    await settled();
    table.glance(0, performance.now());
    rmSync(`${tree.proc}/20/stat`); // its descriptors are the last to be seen
    const answer = ask({});
    tell(exit(20));
    expect(await answer).toMatchObject({
      grade: 'history',
      via: 'process-table',
      inode: INODE,
      processes: [{ pid: 20, comm: 'sender', argv: ['sender', '20'], ancestors: [{ pid: 2 }, { pid: 1 }] }],
    });
  });

  it('is who was seen with the socket and lived when the kernel was asked', async () => {
    const { ask, start, end, table } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    await settled();
    const since = performance.now();
    table.glance(0, since);
    end(20);
    expect(await ask({}, { since })).toMatchObject({ grade: 'history', processes: [{ pid: 20 }] });
  });

  it('is not who ended before the kernel was asked', async () => {
    const { ask, start, end, table } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    await settled();
    table.glance(0, performance.now());
    end(20);
    expect(pids(await ask({}))).toBe('exited');
  });

  it('is not who may have left the socket to a child, dead or alive', async () => {
    for (const childEnds of [true, false]) {
      const { ask, start, end, table } = await open();
      start(20, 2, { sockets: { 3: INODE } });
      await settled();
      const since = performance.now();
      table.glance(0, since);
      start(30, 20);
      end(20);
      if (childEnds) end(30);
      expect(pids(await ask({}, { since }))).toBe('exited');
    }
  });

  it('is who had the same flow before, and ended only after this packet', async () => {
    const { ask, start, end } = await open();
    start(20, 2, { sockets: { 3: INODE } });
    expect(pids(await ask({}))).toEqual([20]);
    const at = performance.now();
    await sleep(5);
    end(20);
    expect(await ask(undefined, { at })).toMatchObject({
      grade: 'history',
      inode: INODE,
      processes: [{ pid: 20 }],
    });
    const other = { dst: { ...DST, port: 54 } };
    expect(pids(await ask(undefined, { at, flow: other }))).toBe('exited');
    expect(pids(await ask(undefined, { at, flow: { uid: 1000 } }))).toBe('exited');
    await sleep(5); // times are told to the millisecond here
    expect(pids(await ask(undefined, { at: performance.now() }))).toBe('exited');
  });
});

describe.concurrent('the only process of a user', () => {
  const other = { flow: { uid: 1000 } };

  async function withUser() {
    const machine = await open();
    await sleep(2100); // what is seen may be 2 s old
    machine.start(20, 2, { files: { status: 'Uid:\t1000\t1000\t1000\t1000\n' } });
    machine.tell(uid(20, 1000), exec(20));
    return machine;
  }

  it('must have sent what a socket of that user sent, once it has ended', async () => {
    const { ask, end } = await withUser();
    expect(pids(await ask(undefined, other))).toBe('exited'); // it lives: it could have been asked
    end(20);
    expect(await ask(undefined, other)).toMatchObject({
      grade: 'history',
      inode: null,
      processes: [{ pid: 20, uid: 1000, argv: ['sender', '20'] }],
    });
  });

  it('must have, whoever else was forked by somebody unknown: /proc tells who that is', async () => {
    const { ask, start, end } = await withUser();
    start(30, 29);
    end(20);
    expect(await ask(undefined, other)).toMatchObject({ grade: 'history', processes: [{ pid: 20 }] });
  });

  it('need not have, where another was that user, too', async () => {
    const { ask, start, end, tell } = await withUser();
    start(30, 2);
    tell(uid(30, 1000), uid(30, 0)); // it opened the socket in between, perhaps
    end(20);
    expect(pids(await ask(undefined, other))).toBe('exited');
  });

  it('need not have, where it left its sockets to a child that became someone else', async () => {
    const { ask, start, end, tell } = await withUser();
    start(30, 20);
    tell(uid(30, 1001));
    end(20);
    expect(pids(await ask(undefined, other))).toBe('exited');
  });

  it('need not have, where another ended a moment before', async () => {
    const { ask, start, end, tell } = await withUser();
    start(30, 2);
    tell(uid(30, 1000));
    end(30);
    end(20);
    expect(pids(await ask(undefined, other))).toBe('exited');
  });

  it('need not have, where events were lost', async () => {
    const { ask, end, lose, said } = await withUser();
    end(20);
    lose();
    expect(pids(await ask(undefined, other))).toBe('exited');
    expect(said).toEqual([expect.stringContaining('reading /proc again')]);
  });

  it('need not have sent what was seen before the table began', async () => {
    const { ask, end } = await withUser();
    end(20);
    const early = await ask(undefined, { ...other, at: performance.now() - 60_000 });
    expect(pids(early)).toBe('exited');
  });

  it('is not root', async () => {
    const { ask, start, end } = await withUser();
    start(40, 2);
    end(40);
    expect(pids(await ask(undefined, { flow: { uid: 0 } }))).toBe('exited');
    expect(pids(await ask(undefined, { flow: { uid: null } }))).toBe('kernel');
  });
});
