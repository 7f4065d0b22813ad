import { describe, expect, it } from 'vitest';
import { statOf } from '../../plugins/freeze/process.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

/** A bash that ptrap has not started, and that has not started ptrap. */
async function startSender() {
  const sender = stage.shell();
  await sender.do('exec 3<>/dev/udp/10.77.0.2/53');
  return sender;
}

describe('the plugin freeze', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'stops the sender, and lets it go on when ptrap ends by %s',
    async signal => {
      const args = ['10.77.0.2:53/udp', '--hold', 'none', '--source', 'nflog', '--plugin', 'freeze'];
      const watch = await stage.watch(args, { detached: true });
      const sender = await startSender();
      const sent = sender.do('echo x >&3').catch(() => undefined);
      const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid));
      expect(sighting.notes['freeze']).toMatchObject({ pid: sender.pid });
      await watch.until('stderr', /freeze: bash\[\d+\] is stopped\. Look into it: /);
      await watch.end(signal);
      await expect.poll(() => statOf(sender.pid)?.state, { timeout: 10_000 }).not.toBe('T');
      await sent;
      if (signal === 'SIGKILL') await stage.ptrap(['cleanup']).end();
    },
  );
});
