import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A folder of root's alone for each test, so that a config in it is trusted; gone after it. */
export function useFolder(): { readonly path: string } {
  let path: string;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ptrap-netns-'));
  });
  afterEach(() => rm(path, { recursive: true }));
  return {
    get path() {
      return path;
    },
  };
}
