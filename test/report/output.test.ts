import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { Event, Summary } from '../../src/events.js';
import { openOutput } from '../../src/report/output.js';

const summary: Summary = {
  schema: 1,
  type: 'summary',
  instance: 'k3v9qa',
  matches: 0,
  resolved: 0,
  unresolved: 0,
  suppressed: 0,
  lost: 0,
  reason: 'signal',
};

function open(mode: 'pretty' | 'json' | 'quiet') {
  const stdout = new PassThrough({ highWaterMark: 16 });
  const stderr = new PassThrough({ highWaterMark: 1 << 20 });
  const output = openOutput(mode, { stdout, stderr } as unknown as Parameters<typeof openOutput>[1]);
  const take = (stream: PassThrough) => String((stream.read() as Buffer | null) ?? '');
  return {
    output,
    stdout,
    stderr,
    taken: async () => {
      await new Promise(setImmediate); // lines of one moment are written together
      return { out: take(stdout), err: take(stderr) };
    },
  };
}

describe('openOutput', () => {
  it.each([
    ['pretty', 'hello\n', /^ptrap: note\nptrap: 0 matches: .*\n$/],
    ['quiet', 'hello\n', /^ptrap: note\n$/],
    ['json', `${JSON.stringify(summary)}\n`, /^ptrap: note\nhello\n$/],
  ] as const)('%s: results on stdout, all else on stderr', async (mode, out, err) => {
    const { output, taken } = open(mode);
    output.say('note');
    output.print('hello\n');
    output.event(summary);
    const text = await taken();
    expect(text.out).toBe(out);
    expect(text.err).toMatch(err);
  });

  it('lets through line ends and tabs, and no other control character', async () => {
    const { output, taken } = open('quiet');
    output.print('a\tb\n\u001b[2Jc\r\n');
    output.say('x\u0007');
    expect(await taken()).toEqual({ out: 'a\tb\n\\x1b[2Jc\\x0d\n', err: 'ptrap: x\\x07\n' });
  });

  it('lets a command point something out where there are colours, and nothing else', async () => {
    const text =
      '\u001b[1mnode\u001b(B\u001b[m \u001b[1;31mx\u001b[0m \u001b[8mhidden\u001b[30m \u001b[2J\u000f';
    const { output, taken } = open('quiet');
    output.print(text);
    expect((await taken()).out).toBe('node x \\x1b[8mhidden\\x1b[30m \\x1b[2J\n');
    vi.stubEnv('FORCE_COLOR', '1');
    output.print(text);
    vi.unstubAllEnvs();
    expect((await taken()).out).toBe(
      '\u001b[1mnode\u001b(B\u001b[m \u001b[1;31mx\u001b[0m \\x1b[8mhidden\\x1b[30m \\x1b[2J\u000f\u001b[0m\n',
    );
  });

  it('drops and counts what a reader is too slow for, and goes on when it has caught up', async () => {
    const { output, stdout, stderr } = open('quiet');
    const line = 'x'.repeat(1024 * 1024 - 1);
    for (let i = 0; i < 20; i++) output.print(line);
    expect(stdout.writableLength + stdout.readableLength).toBeLessThanOrEqual(2 * 1024 * 1024);
    const dropped = output.unwritten!();
    expect(dropped).toBeGreaterThanOrEqual(14);
    let taken = 0;
    stdout.on('data', (piece: Buffer) => (taken += piece.length));
    await expect.poll(() => taken).toBe((20 - dropped) * 1024 * 1024);
    output.print('y');
    await output.finish();
    expect(taken).toBe((20 - dropped) * 1024 * 1024 + 2);
    expect(String(stderr.read())).toBe(
      `ptrap: ${dropped} results were not written: their reader was too slow\n`,
    );
  });

  it('keeps a summary for a reader that is too slow', async () => {
    const { output, stdout } = open('json');
    const sighting = { type: 'sighting', note: 'x'.repeat(1024 * 1024) } as unknown as Event;
    for (let i = 0; i < 8; i++) output.event(sighting);
    const dropped = output.unwritten!();
    expect(dropped).toBeGreaterThan(0);
    output.event(summary);
    expect(output.unwritten!()).toBe(dropped);
    let taken = '';
    stdout.on('data', (piece: Buffer) => (taken += String(piece)));
    await output.finish();
    expect(taken.split('\n').at(-2)).toBe(JSON.stringify(summary));
  });

  it('does not wait at the end for a reader that has stopped, and counts what it did not take', async () => {
    const { output, stderr } = open('quiet');
    output.print('x'.repeat(100));
    for (let i = 0; i < 20; i++) output.print('y');
    await output.finish();
    expect(output.unwritten!()).toBe(21);
    expect(String(stderr.read())).toContain('21 results were not written');
  });

  it('says by its signal that the reader has gone, and does not crash', async () => {
    const { output, stdout, stderr } = open('json');
    stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await once(output.closed, 'abort');
    output.event(summary);
    await output.finish();
    expect(stderr.read()).toBeNull();
  });

  it('says why stdout cannot be written', async () => {
    const { output, stdout, stderr } = open('json');
    stdout.destroy(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
    await once(output.closed, 'abort');
    await output.finish();
    expect(String(stderr.read())).toContain('stdout cannot be written: Error: ENOSPC');
  });
});
