import { describe, expect, it } from 'vitest';
import type { Sighting } from '../../src/events.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

const ARGS = ['10.77.0.2:53/udp', '--hold', 'none', '--source', 'nflog', '--plugin', 'journal'];

type Entry = Record<string, string | string[] | number[]>;

/** What journalctl finds by these fields. */
async function found(...matches: string[]): Promise<Entry[]> {
  const text = await stage.namespace.must(`journalctl -a -o json ${matches.join(' ')}`);
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Entry);
}

describe('the plugin journal, with a real journald', () => {
  it('makes journalctl answer by field, and gives back exactly what was seen', async () => {
    const watch = await stage.watch(ARGS);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid));
    await expect.poll(() => found('PTRAP_DST=10.77.0.2', 'PTRAP_DST_PORT=53')).toHaveLength(1);
    const [entry] = await found(`PTRAP_PID=${sender.pid}`, '_UID=0');
    expect(entry).toMatchObject({
      SYSLOG_IDENTIFIER: 'ptrap',
      PRIORITY: '6',
      PTRAP_EXE: '/usr/bin/bash',
      PTRAP_GRADE: 'exact',
      _PID: String(watch.ready.pid),
    });
    expect(JSON.parse(String(entry?.['PTRAP_SIGHTING']))).toEqual(sighting);
    expect(await stage.namespace.must('journalctl -t ptrap -o cat')).toBe(`${String(entry?.['MESSAGE'])}\n`);
    await watch.end('SIGINT');
  });

  it('keeps what a process calls itself within its field', async () => {
    const watch = await stage.watch(ARGS);
    const name = String.raw`$'x\nPTRAP_DST=9.9.9.9\nMESSAGE=forged\n_UID=0'`;
    const inner = 'exec 3<>/dev/udp/10.77.0.2/53; echo x >&3; read -r line';
    const sender = stage.namespace.spawn('bash', ['-c', `exec -a ${name} bash -c '${inner}'`]);
    const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid!));
    await expect.poll(() => found(`PTRAP_INSTANCE=${sighting.instance}`)).toHaveLength(1);
    expect(await found('PTRAP_DST=9.9.9.9')).toEqual([]);
    const [entry] = await found(`PTRAP_INSTANCE=${sighting.instance}`);
    // journalctl gives a value with control characters as its bytes
    const argv = Buffer.from(entry?.['PTRAP_CMDLINE'] as number[]).toString();
    expect(argv).toMatch(/^x\nPTRAP_DST=9\.9\.9\.9\nMESSAGE=forged\n_UID=0 -c /);
    expect((JSON.parse(String(entry?.['PTRAP_SIGHTING'])) as Sighting).resolution).toEqual(
      sighting.resolution,
    );
    expect(entry?.['MESSAGE']).not.toContain('\n');
    sender.stdin!.end();
    await watch.end('SIGINT');
  });

  it('says once that journald is gone or takes nothing, and harms nothing', async () => {
    const watch = await stage.watch(ARGS);
    await stage.namespace.stopJournald('SIGKILL');
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.until('stderr', /journal: sightings do not get into the journal: .*: nobody listens there/);
    await stage.namespace.startJournald();
    await sender.do('echo x >&3');
    await watch.until('stderr', /journal: the journal takes sightings again; 1 is not in it/);
    const { code, stderr, summary } = await watch.end('SIGINT');
    expect([code, summary?.matches]).toEqual([0, 2]);
    expect(stderr).not.toMatch(/threw|disabled|timeout/);
  });
});
