import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';

const stage = useStage();

const WATCH = [
  'watch',
  '10.77.0.2:53/udp',
  '--no-config',
  '--hold',
  'none',
  '--for',
  '100ms',
  '--output',
  'quiet',
];
const DEAD = {
  version: 1,
  instance: 'abc123',
  pid: 4194305,
  startTime: 1,
  targets: ['*'],
  effects: [] as object[],
};

/** Runs a script in the namespace that makes something of /run/ptrap, then ptrap, and takes it away again. */
async function withState(script: string, commands: readonly string[][]) {
  await stage.namespace.must(`set -e; mkdir -p /run/elsewhere; ${script}`);
  const shown = () =>
    stage.namespace.must('ls -lAR --time-style=+ /run/ptrap/ /run/ptrap /run/elsewhere 2>&1; true');
  const before = await shown();
  const ends = [];
  for (const args of commands) ends.push(await stage.ptrap(args).end());
  const after = await shown();
  await stage.namespace.must('rm -rf /run/ptrap /run/elsewhere');
  return { ends, before, after };
}

describe('a state folder that somebody else has made', () => {
  it.each([
    ['a link', 'ln -s /run/elsewhere /run/ptrap', 'is no folder'],
    ['a link to nowhere', 'ln -s /run/nowhere /run/ptrap', 'is no folder'],
    ['a file', 'install -m 755 /dev/null /run/ptrap', 'is no folder'],
    ["another user's folder", 'install -d -o 4711 -m 755 /run/ptrap', 'belongs to uid 4711'],
    ['a folder that all may write to', 'install -d -m 1777 /run/ptrap', 'can be written by others'],
    ['a folder that a group may write to', 'install -d -m 770 /run/ptrap', 'can be written by others'],
  ])('is refused: %s', async (_name, script, why) => {
    const record = JSON.stringify({ ...DEAD, netns: 1 });
    const { ends, before, after } = await withState(
      `${script}; [ ! -d /run/ptrap ] || echo '${record}' > /run/ptrap/abc123.json`,
      [WATCH, ['ls'], ['cleanup', '--all']],
    );
    for (const { code, stdout, stderr } of ends) {
      expect(stderr).toMatch(
        new RegExp(`^PTRAP_E_STATE_DIR: /run/ptrap, where ptrap keeps its records, ${why};`),
      );
      expect(code).toBe(1);
      expect(stdout).toBe('');
    }
    expect(after).toBe(before);
  });
});

describe('what lies in the state folder and is no record of ptrap’s', () => {
  const NETNS = '$(stat -Lc %i /proc/self/ns/net)';
  const record = (changes: object): string =>
    JSON.stringify({ ...DEAD, netns: 'NETNS', ...changes })
      .replaceAll('"', '\\"')
      .replace('\\"NETNS\\"', NETNS);

  const link = (name: string): object => ({ kind: 'link', name, alias: 'ptrap pid=4194305 start=1' });
  const file = (path: string): object => ({ kind: 'file', path });

  it.each([
    ['a truncated record', `echo '{"version":1,"instance":"abc123"' > /run/ptrap/abc123.json`],
    [
      'a record of a newer version',
      `echo "${record({ version: 2, effects: [link('ptrapabc123')] })}" > /run/ptrap/abc123.json`,
    ],
    ['an empty record', ': > /run/ptrap/abc123.json'],
    ['a record that is a link', 'echo x > /run/elsewhere/x; ln -s /run/elsewhere/x /run/ptrap/abc123.json'],
    ['a record that is a link to a device', 'ln -s /dev/zero /run/ptrap/abc123.json'],
    ['a record that is a pipe', 'mkfifo /run/ptrap/abc123.json'],
    ['a record that is a folder', 'mkdir /run/ptrap/abc123.json'],
    ['a record without end', 'truncate -s 1G /run/ptrap/abc123.json'],
    ['a draft that is a folder', 'mkdir /run/ptrap/abc123.json.4194305'],
    ["a record of another's name", `echo "${record({ instance: 'zzzzzz' })}" > /run/ptrap/abc123.json`],
    [
      "a record that names another's link",
      `echo "${record({ effects: [link('ptrapzzzzzz')] })}" > /run/ptrap/abc123.json`,
    ],
    ['a record that names any link', `echo "${record({ effects: [link('wan')] })}" > /run/ptrap/abc123.json`],
    [
      'a record that names any file',
      `echo "${record({ effects: [file('/run/elsewhere/x')] })}" > /run/ptrap/abc123.json`,
    ],
    [
      'a record with a path that climbs out',
      `echo "${record({ effects: [file('/run/log/journal/../../elsewhere/x')] })}" > /run/ptrap/abc123.json`,
    ],
  ])('is neither obeyed nor removed, and harms no run: %s', async (_name, script) => {
    const running = 'ip link add ptrapzzzzzz type ifb; echo x > /run/elsewhere/x';
    const { ends, before, after } = await withState(`mkdir -m 700 /run/ptrap; ${running}; ${script}`, [
      ['ls'],
      ['cleanup', '--all'],
      ['cleanup'],
      WATCH,
    ]);
    await stage.namespace.must('ip link del ptrapzzzzzz');
    expect(ends.map(({ code, stdout }) => [code, stdout])).toEqual(Array(4).fill([0, '']));
    expect(after).toBe(before);
  });

  it('a draft that is a link is not written through', async () => {
    const { ends, after } = await withState(
      'mkdir -m 700 /run/ptrap; echo x > /run/elsewhere/x; ln -s /run/elsewhere/x /run/ptrap/abc123.json.4194305',
      [['cleanup']],
    );
    expect(ends[0]).toMatchObject({ code: 0, stdout: '' });
    expect(after).toMatch(/ 2 +x\n/);
    expect(after).not.toContain('abc123.json.4194305');
  });
});
