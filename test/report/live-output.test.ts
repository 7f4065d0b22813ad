import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { openLive } from '../../src/report/live/live.js';
import { dig, ready, sightingOf } from '../fixtures/report/events.js';

/** A terminal that takes nothing until it is told to. */
function stoppedTerminal() {
  const written: string[] = [];
  let takes = (): void => undefined;
  const write = (text: Buffer, _: string, done: () => void): void => {
    written.push(String(text));
    takes = done;
  };
  const stdout = Object.assign(new Writable({ write }), { isTTY: true, columns: 80, rows: 24 });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const stdin = Object.assign(new PassThrough(), { fd: 0, setRawMode: vi.fn() });
  const output = openLive({ stdout, stderr, stdin } as unknown as Parameters<typeof openLive>[0]);
  return { output, written, stdin, stderr, take: () => takes() };
}

it('draws nothing on a terminal that takes nothing, then the newest, and keeps what is said for the end', async () => {
  const { output, written, stdin, stderr, take } = stoppedTerminal();
  output.event(ready);
  await expect.poll(() => written).toHaveLength(1);
  stderr.read();
  for (let round = 0; round < 30; round++) {
    output.event(sightingOf(round, dig));
    output.say(`note ${round}`);
    await sleep(10);
  }
  expect(written).toHaveLength(1);
  take();
  await expect.poll(() => written).toHaveLength(2);
  expect(written[1]).toMatch(/dig\[991\].* 30 +30 /);
  expect(written[1]).toContain('note 29');
  expect(stderr.read()).toBeNull();

  stdin.write('q');
  await expect.poll(() => output.closed.aborted).toBe(true);
  expect(stdin.setRawMode.mock.calls).toEqual([[true], [false]]);
  take();
  await expect.poll(() => written.at(-1)).toContain('\x1b[?1049l');
  take();
  await output.finish();
  const said = String(stderr.read()).trimEnd().split('\n');
  expect(said).toHaveLength(30);
  expect(said[29]).toBe('ptrap: note 29');
});
