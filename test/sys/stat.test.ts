import { describe, expect, it } from 'vitest';
import { parseStat, presentAt, readStat } from '../../src/sys/stat.js';
import { openProcTree } from '../resolve/proc-tree.js';

const line = (comm: string) =>
  `4242 (${comm}) S 990 4242 4242 0 -1 4194304 87 0 0 0 0 0 0 0 20 0 1 0 183422 5623808 201 18446744073709551615 1 1 140732556414256 0 0 0 0 0 65536 0 0 0 17 0 0 0 0 0 0\n`;

describe('parseStat', () => {
  it.each(['bash', 'a b', ') R 1 1 (', '((', '', 'line\nbreak', '\u001b[31m'])('reads a comm of %j', comm => {
    expect(parseStat(line(comm))).toEqual({
      comm,
      ppid: 990,
      startTime: 183422,
      stack: 140732556414256,
    });
  });

  it('gives nothing for a cut line', () => {
    for (let length = 0; length < 60; length++)
      expect(parseStat(line('bash').slice(0, length))).toBeUndefined();
  });
});

describe('readStat', () => {
  it('gives nothing for a process that is not there', () => {
    const tree = openProcTree({});
    expect(readStat(tree.proc, 10)).toBeUndefined();
  });
});

describe('presentAt', () => {
  const ticks = 10_000 * 100; // now, after 10,000 s
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString().replace('Z', '000Z');

  it('tells those that were there from those that came later', () => {
    const tree = openProcTree({});
    const present = presentAt(tree.proc, ago(5000));
    expect(present(1)).toBe(true);
    expect(present(ticks - 501)).toBe(true);
    expect(present(ticks - 400)).toBe(false);
  });

  it('lets those pass that seem to be from the future, and everyone at a time that is none', () => {
    const tree = openProcTree({});
    expect(presentAt(tree.proc, ago(5000))(ticks + 1000)).toBe(true);
    expect(presentAt(tree.proc, 'never')(ticks - 400)).toBe(true);
  });
});
