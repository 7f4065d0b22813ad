import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';

const stage = useStage();

describe('a journalctl that overlooks an entry', () => {
  it('is replaced, so that the line comes all the same, and once', async () => {
    const watch = await stage.watch(['--source', 'journal', '--hold', 'none', '10.77.0.2:53/udp']);
    const toucher = stage.namespace.spawn(process.execPath, ['test/senders/journal-toucher.mjs']);
    await once(toucher.stdout!, 'data');
    for (let sent = 1; sent <= 3; sent += 1) {
      await stage.namespace.must('bash test/senders/udp-wait.sh 10.77.0.2 53');
      await watch.sighting(({ id }) => id.endsWith(`-${sent}`));
    }
    const gone = once(toucher, 'exit');
    toucher.kill('SIGTERM');
    await gone;
    const { summary, stderr } = await watch.end('SIGINT');
    expect(summary).toMatchObject({ matches: 3, lost: 0 });
    expect(stderr).not.toContain('journalctl ended');
  });
});
