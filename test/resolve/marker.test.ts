import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openMarker } from '../../src/resolve/marker.js';
import { openProcTree } from './proc-tree.js';

function open() {
  const { proc } = openProcTree({});
  const path = `${proc}/self/comm`;
  writeFileSync(path, 'ptrap\n');
  utimesSync(path, 0, 0);
  const marker = openMarker(proc);
  /** Whether the mark was set since the last look. */
  const isMarked = () => {
    const is = statSync(path).mtimeMs > 0;
    utimesSync(path, 0, 0);
    return is;
  };
  const tell = (at = performance.now()) => marker.see({ what: 'comm', at, pid: process.pid, comm: 'ptrap' });
  return { marker, isMarked, tell };
}

describe('openMarker', () => {
  it('sets one mark for all that ask at once, and another for who asks later', async () => {
    const { marker, isMarked, tell } = open();
    const first = marker.caughtUp();
    expect(isMarked()).toBe(true);
    const second = marker.caughtUp();
    expect(isMarked()).toBe(false);
    await turn();
    const third = marker.caughtUp();
    expect(isMarked()).toBe(true);
    tell();
    expect(await Promise.all([first, second, third])).toEqual([true, true, true]);
  });

  it('sets one mark for all that had come before it, and another for who comes later', async () => {
    const { marker, isMarked, tell } = open();
    const since = performance.now();
    const first = marker.caughtUpTo(since);
    expect(isMarked()).toBe(true);
    const second = marker.caughtUpTo(since);
    expect(isMarked()).toBe(false);
    const third = marker.caughtUpTo(performance.now());
    expect(isMarked()).toBe(true);
    tell();
    expect(await Promise.all([first, second, third])).toEqual([true, true, true]);
    expect(await marker.caughtUpTo(since)).toBe(true);
    expect(isMarked()).toBe(false);
  });

  it('takes no earlier news for that of its mark', async () => {
    const { marker, tell } = open();
    const earlier = performance.now();
    const caughtUp = marker.caughtUp();
    tell(earlier);
    expect(await Promise.race([caughtUp, turn('not yet')])).toBe('not yet');
    tell();
    expect(await caughtUp).toBe(true);
  });

  it('gives up when the kernel does not tell of it', async () => {
    expect(await open().marker.caughtUp()).toBe(false);
  });
});
