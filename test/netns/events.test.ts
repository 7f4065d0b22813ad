import { beforeAll, describe, expect, it } from 'vitest';
import type { Sighting } from '../../src/events.js';
import type { Acquaintance } from '../../src/history/summary.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

const ARGS = ['10.77.0.2', '--hold', 'none', '--source', 'nflog', '--plugin', 'journal'];

/** What two watches have seen, one after the other. */
const seen: Sighting[] = [];

async function events(...args: string[]): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return stage.ptrap(['events', ...args]).end();
}

async function found(...args: string[]): Promise<Sighting[]> {
  const { stdout, code, stderr } = await events('--output', 'json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Sighting);
}

describe('ptrap events, with a real journald', () => {
  beforeAll(async () => {
    for (const packets of [1, 2]) {
      const watch = await stage.watch(ARGS);
      for (let packet = 0; packet < packets; packet += 1) {
        const sender = stage.shell();
        await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
        seen.push(await watch.sighting(one => pidsOf(one).includes(sender.pid)));
      }
      await watch.end('SIGINT');
    }
    // somebody who is not root, and something that is no sighting
    const forge = `printf '%s\\n' MESSAGE=x MESSAGE_ID=547c8e548188463f8268f6e01262c38a 'PTRAP_SIGHTING={}' | logger --journald`;
    await stage.namespace.must(
      `chmod 666 /run/systemd/journal/socket; setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "${forge}"`,
    );
  });

  it('gives back exactly what was seen, in order', async () => {
    const [one] = await found('--since', '-1h');
    const { host } = one as Sighting & { host: string };
    expect(await found('--since', '-1h')).toEqual(seen.map(sighting => ({ ...sighting, host })));
  });

  it('narrows by target, program, unit, user and time', async () => {
    expect(await found('10.77.0.2:53/udp')).toHaveLength(3);
    expect(await found('10.77.0.0/24', '--exe', 'bash', '--user', 'root')).toHaveLength(3);
    expect(await found('--exe', '/usr/bin/bash')).toHaveLength(3);
    expect(await found('10.77.0.2:53/tcp')).toEqual([]);
    expect(await found('--exe', 'dig')).toEqual([]);
    expect(await found('--unit', 'no-such.service')).toEqual([]);
    expect(await found('--until', '-1h')).toEqual([]);
  });

  it('adds up, and reads the files of another machine', async () => {
    const folder = '/run/log/journal';
    const { stdout } = await events('--directory', folder, '--merge', '--summary', '--output', 'json');
    const rows = stdout.trim().split('\n');
    expect(rows).toHaveLength(1);
    expect(JSON.parse(rows[0]!) as Acquaintance).toMatchObject({
      program: '/usr/bin/bash',
      user: 'root',
      dst: '10.77.0.2',
      port: 53,
      protocol: 'udp',
      count: 3,
      first: seen[0]!.at,
      last: seen[2]!.at,
    });
  });

  it('follows until Ctrl-C', async () => {
    const reader = stage.ptrap(['events', '-f', '--output', 'csv']);
    await reader.until('stdout', new RegExp(`${seen[2]!.id},`));
    const watch = await stage.watch(ARGS);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    const { id } = await watch.sighting(one => pidsOf(one).includes(sender.pid));
    await reader.until('stdout', new RegExp(`${id},.*,${sender.pid},bash,/usr/bin/bash,root,`));
    await watch.end('SIGINT');
    expect(await reader.end('SIGINT')).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    [['--since', 'the other day'], 2, /^PTRAP_E_VALUE: --since: found "the other day"; allowed: a time/],
    [['-f', '--summary'], 2, /^PTRAP_E_ENDLESS_SUMMARY: /],
    [['--output', 'jsn'], 2, /did you mean json\?/],
    [
      ['--directory', '/no/such/folder'],
      1,
      /^PTRAP_E_JOURNAL_HISTORY: the journal cannot be read: .*No such file/,
    ],
  ])('refuses %j', async (args, code, says) => {
    const end = await events(...args);
    expect(end).toMatchObject({ code, stdout: '' });
    expect(end.stderr).toMatch(says);
    expect(end.stderr.trim().split('\n')).toHaveLength(1);
  });
});
