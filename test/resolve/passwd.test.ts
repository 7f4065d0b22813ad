import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPasswd, parsePasswd } from '../../src/resolve/passwd.js';

describe('parsePasswd', () => {
  it('takes the first name of a uid, and skips what is no entry', () => {
    const names = parsePasswd(
      'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\n+::::::\n# x\n\nalice:x:1000:1000::/:\n',
    );
    expect([...names]).toEqual([
      [0, 'root'],
      [1000, 'alice'],
    ]);
  });
});

describe('openPasswd', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ptrap-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reads the file again when it has changed, and has no names without it', () => {
    const path = join(folder, 'passwd');
    const userName = openPasswd(path, 0);
    expect(userName(1000)).toBeNull();
    writeFileSync(path, 'alice:x:1000:1000::/:\n');
    expect(userName(1000)).toBe('alice');
    expect(userName(1001)).toBeNull();
    writeFileSync(path, 'bob:x:1000:1000::/:\n');
    utimesSync(path, 1, 1);
    expect(userName(1000)).toBe('bob');
  });
});
