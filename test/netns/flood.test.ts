import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf } from './namespace.js';
import { useStage } from './stage.js';
import type { Watch } from './watch.js';

const stage = useStage();

const FLOOD = fileURLToPath(new URL('../senders/flood.pl', import.meta.url));
const RATE = 20_000;
const SECONDS = 3;
const SOCKETS = 200;

/** The far end counts what arrives, and nobody answers. */
const COUNT_ARRIVALS = `
table inet arrivals {
  chain input {
    type filter hook input priority 0;
    udp dport 9 counter drop
  }
}`;

async function far(command: string): Promise<string> {
  const { stdout } = await outcomeOf(stage.namespace.spawn('bash', ['-c', command], { far: true }));
  return stdout;
}

async function arrived(): Promise<number> {
  return Number(/packets (\d+)/.exec(await far('nft list table inet arrivals'))?.[1]);
}

async function flood(): Promise<{ sent: number; arrivals: number; perSecond: number }> {
  const before = await arrived();
  const words = [FLOOD, '10.77.0.2', 9, RATE * SECONDS, RATE, SOCKETS].join(' ');
  const [sent, seconds] = (await stage.namespace.must(`perl ${words}`)).split(' ').map(Number);
  return { sent: sent!, arrivals: (await arrived()) - before, perSecond: sent! / seconds! };
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

beforeAll(async () => {
  await far(`nft -f - <<'END'${COUNT_ARRIVALS}\nEND`);
});

describe('a flood', () => {
  it.each([
    ['nflog', 'none'],
    ['nflog', 'connection'],
    ['journal', 'none'],
    ['journal', 'connection'],
  ])(
    'read from %s with --limit-per %s: all of it arrives, and the counts add up to it',
    async (source, limit) => {
      const args = ['10.77.0.2:9/udp', '--hold', 'none', '--source', source, '--limit-per', limit];
      const watch: Watch = await stage.watch(args);
      const ready = memoryOf(watch.pid, 'VmRSS');
      const { sent, arrivals, perSecond } = await flood();
      const most = memoryOf(watch.pid, 'VmHWM');
      const { summary, code, stderr } = await watch.end('SIGINT');
      const { matches, resolved, unresolved, suppressed, lost, unwritten = 0 } = summary!;
      console.log(
        `${source}, ${limit}: ${sent} sent, ${perSecond.toFixed(0)} a second, ${arrivals} arrived; ${matches} matches:`,
        `${resolved} resolved, ${unresolved} unresolved, ${suppressed} suppressed, ${lost} lost, ${unwritten} unwritten;`,
        `${ready.toFixed(0)} to ${most.toFixed(0)} MiB`,
      );
      expect({ arrivals, matches, code }, stderr).toEqual({ arrivals: sent, matches: sent, code: 0 });
      expect(resolved + unresolved + suppressed + lost).toBe(sent);
      expect(resolved + unresolved).toBe(watch.sightings.length + unwritten);
      expect(most - ready).toBeLessThan(200);
    },
    120_000,
  );
});
