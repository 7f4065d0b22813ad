import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseArgv, parseStatus, readProcess } from '../../src/resolve/process.js';
import { openProcTree } from './proc-tree.js';

const nobody = () => null;

/** A /proc that is another after so many reads. */
function swapped(first: string, second: string, reads: number): string {
  let left = reads;
  return { toString: () => (left-- > 0 ? first : second) } as unknown as string;
}

describe('readProcess', () => {
  it('tells who a process is', () => {
    const tree = openProcTree({
      1: { comm: 'systemd', files: { cmdline: '/sbin/init\0' } },
      990: { comm: 'bash', ppid: 1, startTime: 200, files: { cmdline: 'bash\0/etc/cron.daily/report\0' } },
      991: {
        comm: 'dig',
        ppid: 990,
        startTime: 183422,
        files: {
          cmdline: 'dig\0\0example.org\0',
          loginuid: '1000',
          cgroup: '0::/system.slice/cron.service\n',
        },
        links: { exe: '/usr/bin/dig', cwd: '/root', 'ns/net': 'net:[4026531840]' },
      },
    });
    expect(readProcess(tree.proc, 991, uid => (uid === 1000 ? 'alice' : null))).toEqual({
      pid: 991,
      startTime: 183422,
      ppid: 990,
      comm: 'dig',
      exe: '/usr/bin/dig',
      argv: ['dig', '', 'example.org'],
      cwd: '/root',
      uid: 1000,
      user: 'alice',
      loginUid: 1000,
      cgroup: '/system.slice/cron.service',
      unit: 'cron.service',
      container: null,
      netns: 4026531840,
      ancestors: [
        { pid: 990, comm: 'bash', argv: ['bash', '/etc/cron.daily/report'] },
        { pid: 1, comm: 'systemd', argv: ['/sbin/init'] },
      ],
    });
  });

  it('has null for what the kernel does not tell', () => {
    const tree = openProcTree({ 10: { files: { loginuid: '4294967295' } }, 11: {} });
    const expected = {
      exe: null,
      argv: [],
      cwd: null,
      user: null,
      loginUid: null,
      cgroup: null,
      netns: null,
    };
    expect(readProcess(tree.proc, 10, nobody)).toMatchObject({ ...expected, unit: null, container: null });
    expect(readProcess(tree.proc, 11, nobody)).toMatchObject(expected);
  });

  it('gives nothing for a process that is not there', () => {
    const tree = openProcTree({});
    expect(readProcess(tree.proc, 10, nobody)).toBeUndefined();
  });

  it('drops a process whose pid passes to another while it is read', () => {
    const tree = openProcTree({ 10: { startTime: 100 } });
    const other = openProcTree({ 10: { startTime: 101 } });
    expect(readProcess(swapped(tree.proc, other.proc, 1), 10, nobody)).toBeUndefined();
  });

  it('tells of one program alone, whenever the next one begins', () => {
    const tree = openProcTree({ 10: { comm: 'a', stack: 1000, files: { cmdline: 'a\0' } } });
    const other = openProcTree({ 10: { comm: 'b', stack: 2000, files: { cmdline: 'b\0' } } });
    const told = Array.from({ length: 20 }, (_, reads) => {
      const { comm, argv } = readProcess(swapped(tree.proc, other.proc, reads), 10, nobody)!;
      return [comm, ...argv].join();
    });
    expect([...new Set(told)]).toEqual(['b,b', 'a,a']);
  });

  it('tells no more than the name of one that begins programs without end', () => {
    const tree = openProcTree({ 10: { stack: 1000, files: { cmdline: 'a\0' } } });
    const stat = readFileSync(`${tree.proc}/10/stat`, 'utf8');
    let execs = 0;
    const restless = {
      toString() {
        execs += 1;
        writeFileSync(
          `${tree.proc}/10/stat`,
          stat.replace('(a)', `(${execs})`).replace(' 1000 ', ` ${1000 + execs} `),
        );
        return tree.proc;
      },
    };
    const told = readProcess(restless as unknown as string, 10, nobody)!;
    expect(told).toMatchObject({ pid: 10, uid: 1000, exe: null, argv: [] });
    expect(Number(told.comm)).toBeGreaterThan(1);
  });

  it('ends the ancestors at a pid that has passed to someone younger, and in a circle', () => {
    const tree = openProcTree({
      10: { ppid: 20, startTime: 100 },
      20: { ppid: 1, startTime: 101 },
      30: { ppid: 31 },
      31: { ppid: 31 },
    });
    expect(readProcess(tree.proc, 10, nobody)?.ancestors).toEqual([]);
    expect(readProcess(tree.proc, 30, nobody)?.ancestors.map(({ pid }) => pid)).toEqual([31]);
  });

  it('tolerates bytes that are no UTF-8', () => {
    const tree = openProcTree({ 10: {} });
    writeFileSync(`${tree.proc}/10/cmdline`, Buffer.from([0x61, 0, 0xff, 0xfe, 0]));
    expect(readProcess(tree.proc, 10, nobody)?.argv).toEqual(['a', '\ufffd\ufffd']);
  });

  it('reads at most 4096 bytes of a command line', () => {
    const tree = openProcTree({ 10: { files: { cmdline: `a\0${'x'.repeat(100_000)}\0` } } });
    expect(readProcess(tree.proc, 10, nobody)?.argv).toEqual(['a', 'x'.repeat(4094)]);
  });
});

it('tells of a hundred ancestors at the most', () => {
  const chain = Array.from({ length: 300 }, (_, index) => [
    index + 1,
    { ppid: index, startTime: 200 + index },
  ]);
  const tree = openProcTree(Object.fromEntries(chain) as Parameters<typeof openProcTree>[0]);
  const ancestors = readProcess(tree.proc, 300, () => null)?.ancestors ?? [];
  expect(ancestors).toHaveLength(100);
  expect([ancestors[0]?.pid, ancestors[99]?.pid]).toEqual([299, 200]);
});

describe('parseStatus', () => {
  const rest =
    'Umask:\t0022\nState:\tS (sleeping)\nNSpid:\t4711\t70\t7\nUid:\t4711\t4711\t4711\t4711\nThreads:\t3\nx:\t1\n';

  // what the kernel writes for such a comm: it escapes `\n` and `\\` only
  it.each([
    '\rUid: 0 0 0 0',
    '\u2028Uid: 0 0 0 0',
    '\rState: Z',
    '\\nUid:\t0\t0\t0\t0\\n',
    '\rThreads:\t1',
    '\rNSpid:\t1\t2',
  ])('is not misled by a process of the name %j', comm => {
    expect(parseStatus(`Name:\t${comm}\n${rest}`)).toEqual({
      uids: [4711, 4711, 4711, 4711],
      threads: 3,
      isZombie: false,
      nsPid: 7,
    });
  });
});

describe('the pid in its own pid namespace', () => {
  it.each([
    ['NSpid:\t4711\n', undefined],
    ['NSpid:\t4711\t1\n', 1],
    ['NSpid:\t4711\t70\t7\n', 7],
    ['', undefined], // before Linux 4.1
  ])('%j → %s', (line, nsPid) =>
    expect(parseStatus(`Name:\tx\n${line}Uid:\t0\t0\t0\t0\n`)?.nsPid).toBe(nsPid),
  );
});

describe('parseArgv', () => {
  it.each([
    ['', []],
    ['\0\0', []],
    ['sshd: root@pts/0\0\0\0\0', ['sshd: root@pts/0']],
    ['a\0-b\0', ['a', '-b']],
    ['title without an end', ['title without an end']],
  ])('%j → %j', (cmdline, argv) => expect(parseArgv(cmdline)).toEqual(argv));
});
