import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openMarker } from '../../src/resolve/marker.js';
import { openProcTree } from './proc-tree.js';

function open() {
  const { proc } = openProcTree({});
  const path = `${proc}/self/comm`;
  writeFileSync(path, 'ptrap\n');
  const marker = openMarker(proc);
  /** Whether the mark was set since the last look. */
  const isMarked = () => {
    const is = readFileSync(path, 'latin1') === 'ptrap';
    writeFileSync(path, 'ptrap\n');
    return is;
  };
  const tell = () => marker.see({ what: 'comm', at: performance.now(), pid: process.pid, comm: 'ptrap' });
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
    expect(await Promise.all([first, second])).toEqual([true, true]);
    tell();
    expect(await third).toBe(true);
  });

  it('gives up when the kernel does not tell of it', async () => {
    expect(await open().marker.caughtUp()).toBe(false);
  });
});
