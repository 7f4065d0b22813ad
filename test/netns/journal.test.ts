import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';

const stage = useStage();

/** Puts a journalctl that stalls in the place of the real one, for this ptrap only. */
const STALLING = `
  mount -t tmpfs -o mode=755 ptrap-test /mnt
  cp /usr/bin/journalctl /mnt/journalctl
  mount --bind ${process.cwd()}/test/senders/stalling-journalctl.mjs /usr/bin/journalctl
`;

describe('a journalctl that overlooks an entry', () => {
  it('is replaced, so that each line comes all the same, and once', async () => {
    const args = ['--source', 'journal', '--hold', 'none', '10.77.0.2:53/udp'];
    const watch = await stage.watch(args, { prepare: STALLING });
    for (let sent = 1; sent <= 3; sent += 1) {
      await stage.namespace.must('bash test/senders/udp-wait.sh 10.77.0.2 53');
      await watch.sighting(({ id }) => id.endsWith(`-${sent}`));
    }
    const { summary, stderr } = await watch.end('SIGINT');
    expect(summary).toMatchObject({ matches: 3, lost: 0 });
    expect(stderr).not.toContain('journalctl ended');
  });
});
