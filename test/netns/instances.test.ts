import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const stage = useStage();

const TARGETS = ['10.77.0.2:53/udp', '10.77.0.2:53/udp', '10.77.0.2:8080/tcp', '[fd77::2]:53/udp'];
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
const ROUNDS = 3;

/** Numbers that look drawn by lot, and are the same for the same seed (a linear congruential generator). */
function lots(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Sends to every target from one process, which keeps its sockets; gives its pid. */
async function sendToAll(): Promise<number> {
  const sender = stage.shell();
  for (const to of ['udp/10.77.0.2/53', 'tcp/10.77.0.2/8080', 'udp/fd77::2/53']) {
    await sender.do(`exec {kept}<>/dev/${to}; echo x >&$kept`);
  }
  return sender.pid;
}

/** Whether all that it has seen went to its target, by this process among others. */
async function hasSeen(watch: Watch, pid: number): Promise<void> {
  await watch.sighting(found => pidsOf(found).includes(pid));
  const { ready, sightings } = watch;
  expect(new Set(sightings.map(({ target }) => target))).toEqual(new Set(ready.targets));
  expect(sightings.every(({ instance }) => instance === ready.instance)).toBe(true);
}

it('runs eight at once, which see their own matches alone until each has ended, in any order', async () => {
  const seed = Number(process.env['PTRAP_SEED'] ?? randomInt(2 ** 31));
  console.log(`PTRAP_SEED=${seed}`);
  const lot = lots(seed);
  const running = await Promise.all(
    Array.from({ length: 8 }, (_, number) =>
      stage.watch([
        TARGETS[number % TARGETS.length]!,
        ...['--hold', 'none', '--source', number < 4 ? 'journal' : 'nflog'],
      ]),
    ),
  );
  expect(new Set(running.map(({ ready }) => ready.instance)).size).toBe(8);
  for (let round = 0; round < ROUNDS; round += 1) {
    const pid = await sendToAll();
    await Promise.all(running.map(watch => hasSeen(watch, pid)));
    for (let ends = 0; ends < 2; ends += 1) {
      const [ending] = running.splice(lot(running.length), 1);
      const signal = ENDINGS[lot(ENDINGS.length)]!;
      const { code, summary } = await ending!.end(signal);
      if (signal === 'SIGKILL') continue;
      expect({ code, ...summary }).toMatchObject({ code: 0, unresolved: 0, lost: 0 });
    }
  }
  const pid = await sendToAll();
  await Promise.all(running.map(watch => hasSeen(watch, pid)));
  await stage.ptrap(['cleanup']).end();
  const listed = await stage.ptrap(['ls']).end();
  expect(listed.stdout).not.toContain('dead');
  for (const watch of running) expect((await watch.end('SIGINT')).summary).toMatchObject({ lost: 0 });
}, 120_000);
