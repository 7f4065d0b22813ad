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
  const BOOT = '$(cat /proc/sys/kernel/random/boot_id)';
  const record = (changes: object): string =>
    JSON.stringify({ ...DEAD, bootId: 'BOOT', netns: 'NETNS', ...changes })
      .replaceAll('"', '\\"')
      .replace('BOOT', BOOT)
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

  /** A record of a ptrap that has died, with a link, a file, and what may be of another kind. */
  const left = (changes: object): string =>
    record({ effects: [link('ptrapabc123'), file('/run/log/journal/ptrap-abc123.nudge')], ...changes });
  const MADE =
    'mkdir -m 700 /run/ptrap; touch /run/log/journal/ptrap-abc123.nudge; ip link add ptrapabc123 type ifb; ip link set ptrapabc123 alias "ptrap pid=4194305 start=1"';
  const shown = () => stage.namespace.must('ls -A /run/ptrap 2>&1; ls /run/log/journal; ip -o link');

  it.each([
    ['of a network namespace that is no more', { netns: 1 }, 'in a network namespace that is no more'],
    ['of another boot', { bootId: 'another' }, 'in a network namespace that is no more'],
  ])(
    'a record %s: its file goes, with the record; a link here is none of its',
    async (_name, changes, says) => {
      await stage.namespace.must(`${MADE}; echo "${left(changes)}" > /run/ptrap/abc123.json`);
      const listed = await stage.ptrap(['ls']).end();
      expect(listed.stdout).toContain(`dead, 2 things left (ptrap cleanup abc123), ${says}`);
      const { code, stdout } = await stage.ptrap(['cleanup', 'abc123']).end();
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: 'abc123: removed file /run/log/journal/ptrap-abc123.nudge\n',
      });
      const after = await shown();
      expect(after).not.toContain('abc123.');
      expect(after).toContain('ptrapabc123');
      await stage.namespace.must('ip link del ptrapabc123');
    },
  );

  it('a record of another network namespace that is there: it is cleaned up there alone', async () => {
    const other = `$(stat -Lc %i /proc/${stage.namespace.farPid}/ns/net)`;
    await stage.namespace.must(
      `${MADE}; echo "${left({ netns: 'OTHER' }).replace('\\"OTHER\\"', other)}" > /run/ptrap/abc123.json`,
    );
    const before = await shown();
    const named = await stage.ptrap(['cleanup', 'abc123']).end();
    expect(named.code).toBe(2);
    expect(named.stderr).toContain('it ran in another network namespace');
    expect(await stage.ptrap(['cleanup']).end()).toMatchObject({ code: 0, stdout: '' });
    expect(await shown()).toBe(before);
    await stage.namespace.must(
      'ip link del ptrapabc123; rm -r /run/ptrap /run/log/journal/ptrap-abc123.nudge',
    );
  });

  it('what a process left whose pid is another’s by now is taken away, by two at once', async () => {
    const reused = { pid: process.pid, startTime: 1 };
    const alias = `ptrap pid=${process.pid} start=1`;
    const text = record({
      ...reused,
      effects: [{ kind: 'link', name: 'ptrapabc123', alias }, file('/run/log/journal/ptrap-abc123.nudge')],
    });
    await stage.namespace.must(
      `${MADE.replace('pid=4194305', `pid=${process.pid}`)}; echo "${text}" > /run/ptrap/abc123.json`,
    );
    const ends = await Promise.all(Array.from({ length: 4 }, () => stage.ptrap(['cleanup']).end()));
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, '']));
    expect(await stage.namespace.snapshot()).toBe(stage.before());
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
