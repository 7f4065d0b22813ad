import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import type { Watch } from './watch.js';

const stage = useStage();
const must = (script: string): Promise<string> => stage.namespace.must(script);
const send = (): Promise<string> => must('bash test/senders/udp-wait.sh 10.77.0.2 53');
const watchJournal = (): Promise<Watch> =>
  stage.watch(['10.77.0.2:53/udp', '--source', 'journal', '--hold', 'none', '--limit-per', 'none']);
const seen = (watch: Watch, count: number): Promise<void> =>
  expect.poll(() => watch.sightings.length, { timeout: 25_000 }).toBe(count);

/** What journald keeps on disk is in a folder of this namespace's own. */
const PERSISTENT = `
  mount -t tmpfs ptrap-test /var/log
  mkdir /var/log/journal
  echo '[Journal]
Storage=auto' >/run/systemd/journald.conf.d/storage.conf
`;

describe('journald', () => {
  it('that is stopped for a while is read on when it is back: what it missed comes late, with the time at which it was sent', async () => {
    const watch = await watchJournal();
    await send();
    await seen(watch, 1);
    await stage.namespace.stopJournald('SIGTERM');
    await send();
    const sent = Date.now();
    await send();
    await watch.until('stderr', /2 log lines have not reached the journal/);
    await stage.namespace.startJournald();
    await seen(watch, 3);
    expect(Date.parse(watch.sightings[1]!.at)).toBeLessThan(sent + 500);
    expect(Date.parse(watch.sightings[1]!.at)).toBeGreaterThan(sent - 5000);
    await watch.until('stderr', /the journal brings what the kernel logs again/);

    await stage.namespace.stopJournald('SIGKILL');
    await must(PERSISTENT);
    await stage.namespace.startJournald();
    await send();
    await seen(watch, 4);
    const { summary, code } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 4, lost: 0 });
    expect(summary?.gaps).toEqual([expect.stringContaining('2 log lines have not reached the journal')]);
  });

  it.each([
    ['begins a new file and throws old ones away', 'journalctl --rotate --vacuum-files=1 2>&1'],
    ['moves from memory to disk', 'journalctl --flush && ls /var/log/journal/*/system.journal'],
    [
      'loses its reader',
      `kill -KILL $(for p in /proc/[0-9]*; do [ "$(readlink $p/ns/net)" = "$(readlink /proc/$$/ns/net)" ] && grep -qz '^journalctl$' $p/cmdline && echo \${p#/proc/}; done)`,
    ],
  ])('that %s is read on', async (_name, command) => {
    const watch = await watchJournal();
    await send();
    await seen(watch, 1);
    await must(command);
    await send();
    await seen(watch, 2);
    await send();
    await seen(watch, 3);
    const { summary, code } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 3, lost: 0 });
    expect(summary?.gaps).toBeUndefined();
  });
});
