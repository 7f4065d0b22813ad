import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/events.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf, type Watch } from './watch.js';

const stage = useStage();
const folder = useFolder();

const TARGETS = ['10.77.0.2:53/udp', '[fd77::2]:53/udp', '--hold', 'none'];

/** Opens so many connections from the shell itself, each with a packet; they stay open. */
const connect = (times: number, to = 'udp/10.77.0.2/53'): string =>
  `for i in {1..${times}}; do exec {fd}<>/dev/${to}; echo x >&$fd; done`;

/** Makes the clock of a program jump a minute ahead at SIGUSR2. */
const JUMPING_CLOCK = `
  const now = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => now() + ahead;
  process.on('SIGUSR2', () => { ahead += 60_000; console.error('a minute later'); });`;

const watchAhead = (args: readonly string[]): Promise<Watch> =>
  stage.watch([...TARGETS, ...args], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(JUMPING_CLOCK)}` },
  });

async function letAMinutePass(watch: Watch): Promise<void> {
  watch.kill('SIGUSR2');
  await watch.until('stderr', /a minute later/);
}

/** Ends it; what was sent, seen and counted must agree. */
async function endWith(watch: Watch, sent: number): Promise<Summary> {
  const { summary } = await watch.end('SIGINT');
  const { matches, resolved, unresolved, suppressed, lost } = summary!;
  expect(matches).toBe(sent);
  expect(resolved + unresolved + suppressed + lost).toBe(sent);
  expect(resolved + unresolved).toBe(watch.sightings.length);
  const numbers = watch.sightings.map(({ id }) => Number(id.split('-')[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1)); // what is suppressed takes none
  return summary!;
}

describe('--limit-per process', () => {
  it('counts a process with a thousand connections once, and tells how many later', async () => {
    const watch = await watchAhead(['--limit-per', 'process', '--limit', '2']);
    const [browser, other] = [stage.shell(), stage.shell()];
    await browser.do(`ulimit -n 4096; ${connect(700)}; ${connect(300, 'udp/fd77::2/53')}`);
    await other.do(connect(1));
    await watch.sighting(found => pidsOf(found).includes(other.pid));
    await letAMinutePass(watch);
    await browser.do(connect(3));
    await watch.when(() => watch.sightings[4]);
    expect(watch.sightings.map(found => [...pidsOf(found), found.count])).toEqual([
      [browser.pid, 1],
      [browser.pid, 1],
      [other.pid, 1],
      [browser.pid, 999],
      [browser.pid, 1],
    ]);
    expect(await endWith(watch, 1004)).toMatchObject({ resolved: 5, suppressed: 999, lost: 0 });
  });

  it('counts those who share a socket together, and apart from each of them', async () => {
    const watch = await stage.watch([...TARGETS, '--limit-per', 'process', '--limit', '2']);
    const sender = stage.shell();
    await sender.do(connect(2));
    await watch.when(() => watch.sightings[1]);
    const child = Number(await sender.do('sleep 60 >/dev/null & echo $!'));
    for (let times = 0; times < 4; times += 1) await sender.do('echo x >&$fd');
    await watch.when(() => watch.sightings[3]);
    await sender.do(`kill ${child}`);
    await endWith(watch, 6);
    const both = [sender.pid, child].sort();
    expect(watch.sightings.map(found => pidsOf(found).sort())).toEqual([
      [sender.pid],
      [sender.pid],
      both,
      both,
    ]);
  });

  it('limits what has no process by user and target', async () => {
    const watch = await stage.watch([...TARGETS, '--limit-per', 'process', '--limit', '3']);
    const [burst, last] = [stage.shell(), stage.shell()];
    await burst.do('for i in {1..40}; do (echo x >/dev/udp/10.77.0.2/53); done');
    await last.do(connect(1));
    await watch.sighting(found => pidsOf(found).includes(last.pid));
    const { unresolved, unnamed = 0 } = await endWith(watch, 41);
    expect(unresolved + unnamed).toBeLessThanOrEqual(3); // none, where history names them all
  });
});

describe('--limit-per executable', () => {
  it('counts all processes of one program together, and tells how many later', async () => {
    const watch = await watchAhead(['--limit-per', 'executable', '--limit', '1']);
    const program = async (name: string) => {
      await stage.namespace.must(`cp /bin/bash ${folder.path}/${name}`);
      return stage.shell({ file: `${folder.path}/${name}` });
    };
    const senders = [0, 1, 2, 3].map(() => stage.shell());
    for (const sender of senders) await sender.do(connect(20));
    const browser = await program('browser');
    await browser.do(connect(20));
    const last = await program('last');
    await last.do(connect(1));
    await watch.sighting(found => pidsOf(found).includes(last.pid));
    await letAMinutePass(watch);
    await senders[3]!.do(connect(1));
    await browser.do(connect(1));
    await watch.when(() => watch.sightings[4]);
    expect(watch.sightings.map(found => [...pidsOf(found), found.count])).toEqual([
      [senders[0]!.pid, 1],
      [browser.pid, 1],
      [last.pid, 1],
      [senders[3]!.pid, 80],
      [browser.pid, 20],
    ]);
    expect(await endWith(watch, 103)).toMatchObject({ resolved: 5, suppressed: 98, lost: 0 });
  });
});
