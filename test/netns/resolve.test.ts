import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Flow, Resolution } from '../../src/events.js';
import type { Match } from '../../src/hooks.js';
import { openResolver, type Resolver } from '../../src/resolve/resolver.js';

const children: ChildProcess[] = [];
let resolver: Resolver;

beforeAll(() => {
  resolver = openResolver();
});
afterAll(() => resolver[Symbol.dispose]());
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Starts a child and gives it with the first line it prints. */
async function start(
  file: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; pid: number; line: string }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let line = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    line += String(chunk);
    if (line.includes('\n')) break;
  }
  return { child, pid: child.pid!, line: line.trim() };
}

/** A node that opens a udp socket, binds it, connects it if told to, and waits; gives the port. */
async function udpSocket(type: 'udp4' | 'udp6', address: string, port = 0, peer?: string) {
  const connected = peer === undefined ? '' : `await new Promise(done => s.connect(9, '${peer}', done));`;
  const script = `(async () => {
    const s = require('dgram').createSocket({ type: '${type}', reuseAddr: true });
    await new Promise(done => s.bind(${port}, '${address}', done));
    ${connected}
    console.log(s.address().port);
  })()`;
  const { child, pid, line } = await start(process.execPath, ['-e', script]);
  return { child, pid, port: Number(line) };
}

function match(protocol: string, [src, sport]: End, [dst, dport]: End, more: Partial<Flow> = {}): Match {
  const end = (address: string, port?: number) => ({ address, ...(port === undefined ? {} : { port }) });
  const family = isIPv6(src) ? 'ipv6' : 'ipv4';
  const flow = {
    family,
    protocol,
    src: end(src, sport),
    dst: end(dst, dport),
    oif: 'lo',
    uid: 0,
    gid: 0,
  } as const;
  return { target: 'test', at: new Date().toISOString(), flow: { ...flow, length: 60, ...more } };
}
type End = readonly [address: string, port?: number | undefined];

const pids = (resolution: Resolution) => {
  if (resolution.status === 'unresolved') return resolution.reason;
  return resolution.grade === 'uid' ? 'uid' : resolution.processes.map(({ pid }) => pid);
};
const grade = (resolution: Resolution) => (resolution.status === 'resolved' ? resolution.grade : undefined);

describe('udp', () => {
  it.each([
    { name: 'connected', type: 'udp4', bind: '127.0.0.1', peer: '127.0.0.1', src: '127.0.0.1', is: 'exact' },
    { name: 'bound to the address', type: 'udp4', bind: '127.0.0.1', src: '127.0.0.1', is: 'wildcard' },
    { name: 'bound to no address', type: 'udp4', bind: '0.0.0.0', src: '127.0.0.1', is: 'wildcard' },
    { name: 'connected over IPv6', type: 'udp6', bind: '::1', peer: '::1', src: '::1', is: 'exact' },
    { name: 'IPv6, bound to no address', type: 'udp6', bind: '::', src: '::1', is: 'wildcard' },
    { name: 'IPv4 over AF_INET6', type: 'udp6', bind: '::', src: '127.0.0.1', is: 'wildcard' },
    {
      name: 'IPv4 over connected AF_INET6',
      type: 'udp6',
      bind: '::',
      peer: '::ffff:127.0.0.1',
      src: '127.0.0.1',
      is: 'exact',
    },
  ] as const)('names the sender: $name', async ({ type, bind, src, is, ...rest }) => {
    const { pid, port } = await udpSocket(type, bind, 0, 'peer' in rest ? rest.peer : undefined);
    const resolution = await resolver.resolve(match('udp', [src, port], [src, 9]));
    expect(pids(resolution)).toEqual([pid]);
    expect(grade(resolution)).toBe(is);
    expect(resolution).toMatchObject({ via: 'sock-diag', inode: expect.any(Number) as number });
  });

  it('names this very process', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const resolution = await resolver.resolve(
      match('udp', ['127.0.0.1', socket.address().port], ['127.0.0.1', 9]),
    );
    expect(pids(resolution)).toContain(process.pid);
    socket.close();
  });

  it('never takes a decoy: same port of another address, or another peer', async () => {
    const sender = await udpSocket('udp4', '127.0.0.1');
    const decoy = await udpSocket('udp4', '127.0.0.2', sender.port);
    const elsewhere = await udpSocket('udp4', '127.0.0.1', sender.port, '127.0.0.3');
    expect(decoy.port).toBe(sender.port);
    expect(elsewhere.port).toBe(sender.port);
    const asked = match('udp', ['127.0.0.1', sender.port], ['127.0.0.1', 9]);
    expect(pids(await resolver.resolve(asked))).toEqual([sender.pid]);
    await end(sender.child);
    expect(pids(await resolver.resolve(asked))).toBe('uid');
  });

  it('does not choose between two processes on one port, and need not between two sockets of one', async () => {
    const one = await udpSocket('udp4', '127.0.0.1');
    const asked = match('udp', ['127.0.0.1', one.port], ['127.0.0.1', 9]);
    const other = await udpSocket('udp4', '127.0.0.1', one.port);
    expect(pids(await resolver.resolve(asked))).toBe('ambiguous');
    await Promise.all([end(one.child), end(other.child)]);

    const script = `const open = port => require('dgram').createSocket({ type: 'udp4', reuseAddr: true })
      .bind(port, '127.0.0.1', function () { port ? console.log(port) : open(this.address().port) }); open(0)`;
    const both = await start(process.execPath, ['-e', script]);
    const resolution = await resolver.resolve(
      match('udp', ['127.0.0.1', Number(both.line)], ['127.0.0.1', 9]),
    );
    expect(pids(resolution)).toEqual([both.pid]);
    expect(resolution).toMatchObject({ grade: 'wildcard', inode: null });
  });

  it('lists the process that opened a socket and the child that inherited it', async () => {
    const script = 'exec 3<>/dev/udp/127.0.0.1/9; sleep 60 & echo $!; wait';
    const { pid, line } = await start('bash', ['-c', script]);
    const child = Number(line);
    const port = localPort(pid, 3);
    const resolution = await resolver.resolve(match('udp', ['127.0.0.1', port], ['127.0.0.1', 9]));
    process.kill(child);
    expect(pids(resolution)).toHaveLength(2);
    expect(pids(resolution)).toEqual(expect.arrayContaining([pid, child]));
    expect(grade(resolution)).toBe('shared');
  });

  it('takes nobody who was started after the packet was seen, nor the socket of another user', async () => {
    const { pid, port } = await udpSocket('udp4', '127.0.0.1');
    const asked = match('udp', ['127.0.0.1', port], ['127.0.0.1', 9]);
    const before = new Date(Date.now() - 60_000).toISOString();
    expect(pids(await resolver.resolve({ ...asked, at: before }))).toBe('uid');
    expect(pids(await resolver.resolve({ ...asked, flow: { ...asked.flow, uid: 12345 } }))).toBe('uid');
    expect(pids(await resolver.resolve({ ...asked, flow: { ...asked.flow, uid: null } }))).toEqual([pid]);
  });

  it('says the user, or kernel, where there is no socket', async () => {
    const { child, port } = await udpSocket('udp4', '127.0.0.1');
    await end(child);
    const asked = match('udp', ['127.0.0.1', port], ['127.0.0.1', 9]);
    expect(pids(await resolver.resolve(asked))).toBe('uid');
    expect(pids(await resolver.resolve({ ...asked, flow: { ...asked.flow, uid: null } }))).toBe('kernel');
  });

  it('answers many at once', async () => {
    const { pid, port } = await udpSocket('udp4', '127.0.0.1', 0, '127.0.0.1');
    const asked = Array.from({ length: 100 }, () => match('udp', ['127.0.0.1', port], ['127.0.0.1', 9]));
    const resolutions = await Promise.all(asked.map(one => resolver.resolve(one)));
    expect(resolutions.map(pids)).toEqual(asked.map(() => [pid]));
  });
});

describe('tcp', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer(socket => socket.on('error', () => socket.destroy()).resume()).listen(0, '::');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  const client = async (host: string) => {
    const script = `const s = require('net').connect(${(server.address() as AddressInfo).port}, '${host}', () => console.log(s.localPort))`;
    const { child, pid, line } = await start(process.execPath, ['-e', script]);
    return { child, pid, port: Number(line) };
  };

  it.each(['127.0.0.1', '::1'])('names the client of a connection to %s', async host => {
    const { port: dport } = server.address() as AddressInfo;
    const { pid, port } = await client(host);
    const resolution = await resolver.resolve(match('tcp', [host, port], [host, dport]));
    expect(pids(resolution)).toEqual([pid]);
    expect(grade(resolution)).toBe('exact');
    const other = await resolver.resolve(
      match('tcp', [host, port === 1024 ? 1025 : port - 1], [host, dport]),
    );
    expect(pids(other)).toBe('uid');
  });

  it('names the server for what it sends, and never the listener for a client that is gone', async () => {
    const { port: dport } = server.address() as AddressInfo;
    const { pid, port, child } = await client('127.0.0.1');
    const resolution = await resolver.resolve(match('tcp', ['127.0.0.1', dport], ['127.0.0.1', port]));
    expect(pids(resolution)).toContain(process.pid);
    expect(pids(resolution)).not.toContain(pid);
    await end(child);
    await sleep(50);
    const late = await resolver.resolve(match('tcp', ['127.0.0.1', dport], ['127.0.0.1', port]));
    expect(pids(late)).toBe('uid');
  });

  it('names the listener for a connection that it has not accepted yet', async () => {
    const listen = `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`;
    const { child, pid, line } = await start(process.execPath, ['-e', listen]);
    child.kill('SIGSTOP');
    const socket: Socket = connect(Number(line), '127.0.0.1');
    await once(socket, 'connect');
    const syn = match('tcp', ['127.0.0.1', Number(line)], ['127.0.0.1', socket.localPort], { uid: null });
    const resolution = await resolver.resolve(syn);
    socket.destroy();
    expect(pids(resolution)).toEqual([pid]);
    expect(grade(resolution)).toBe('wildcard');
  });
});

describe('icmp', () => {
  it('names a running ping, by its ping socket where the kernel grants one, else by its raw socket', async () => {
    const { pid } = await start('ping', ['-n', '-i', '5', '127.0.0.1']);
    const own = table('icmp').find(({ inode }) => socketsOf(pid).includes(inode));
    const icmp = { type: 8, code: 0, ...(own === undefined ? {} : { id: own.port }) };
    const resolution = await resolver.resolve(match('icmp', ['127.0.0.1'], ['127.0.0.1'], { icmp }));
    expect(pids(resolution)).toEqual([pid]);
    expect(resolution).toMatchObject({ via: 'procfs', grade: own === undefined ? 'wildcard' : 'exact' });
  });

  it("knows the kernel's own packets", async () => {
    await start('ping', ['-n', '-i', '5', '127.0.0.1']);
    const reply = { uid: null, gid: null, icmp: { type: 0, code: 0, id: 1 } };
    expect(pids(await resolver.resolve(match('icmp', ['127.0.0.1'], ['127.0.0.1'], reply)))).toBe('kernel');
    expect(pids(await resolver.resolve(match('gre', ['127.0.0.1'], ['127.0.0.1'], reply)))).toBe('kernel');
  });
});

function socketsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`).map(fd => inodeOf(pid, fd));
}

function inodeOf(pid: number, fd: number | string): number {
  return Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]);
}

function table(name: string): { port: number; inode: number }[] {
  const lines = readFileSync(`/proc/net/${name}`, 'latin1').trim().split('\n').slice(1);
  return lines.map(line => {
    const fields = line.trim().split(/\s+/);
    return { port: parseInt(fields[1]!.split(':')[1]!, 16), inode: Number(fields[9]) };
  });
}

function localPort(pid: number, fd: number): number {
  return table('udp').find(({ inode }) => inode === inodeOf(pid, fd))!.port;
}
