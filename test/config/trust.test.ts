import { chmod, chown, lchown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireTrusted, trustedUsers } from '../../src/config/trust.js';

// These tests change owners: they need root, as `npm test` has it.
const ALICE = 4711;
const MALLORY = 4712;
const trusted = new Set([0, ALICE]);

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-trust-'));
  await mkdir(join(folder, 'project'), { mode: 0o755 });
  file = join(folder, 'project', 'ptrap.config.ts');
  await writeFile(file, '', { mode: 0o644 });
});

afterEach(() => rm(folder, { recursive: true }));

const refusal = (pattern: string): unknown =>
  expect.objectContaining({
    code: 'PTRAP_E_UNTRUSTED',
    exit: 2,
    message: expect.stringContaining(pattern) as string,
  });

describe('requireTrusted', () => {
  it("takes a file of root's", async () => {
    await expect(requireTrusted(file, trusted)).resolves.toBeUndefined();
  });

  it("takes the caller's file in the caller's folder", async () => {
    await chown(file, ALICE, ALICE);
    await chown(join(folder, 'project'), ALICE, ALICE);
    await expect(requireTrusted(file, trusted)).resolves.toBeUndefined();
  });

  it("refuses another user's file, and names the cure", async () => {
    await chown(file, MALLORY, MALLORY);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(
      refusal(
        `${file} is not loaded: it belongs to uid ${MALLORY}; it would run as root; if you trust it: chown ${ALICE} ${file}`,
      ),
    );
  });

  it.each([
    [0o664, '0664'],
    [0o646, '0646'],
    [0o606, '0606'],
  ])('refuses a file of mode %o', async (mode, shown) => {
    await chmod(file, mode);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(
      refusal(
        `it can be written by others (mode ${shown}); it would run as root; if you trust it: chmod go-w ${file}`,
      ),
    );
  });

  it('refuses a folder above that others may write to', async () => {
    await chmod(folder, 0o777);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(
      refusal(`${folder} can be written by others`),
    );
  });

  it("refuses a folder above that is another user's", async () => {
    await chown(folder, MALLORY, MALLORY);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(
      refusal(`${folder} belongs to uid ${MALLORY}`),
    );
  });

  it("takes a trusted user's file from a sticky folder of root's, such as /tmp", async () => {
    await chmod(folder, 0o1777);
    await expect(requireTrusted(file, trusted)).resolves.toBeUndefined();
  });

  it("refuses a stranger's file or folder there", async () => {
    await chmod(folder, 0o1777);
    await chown(join(folder, 'project'), MALLORY, MALLORY);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(refusal('project belongs to uid'));
  });

  it("refuses a sticky folder that is not root's: its owner may replace what lies in it", async () => {
    await chmod(folder, 0o1777);
    await chown(folder, ALICE, ALICE);
    await expect(requireTrusted(file, trusted)).rejects.toEqual(
      refusal(`${folder} can be written by others`),
    );
  });

  it('follows a link and judges where it leads', async () => {
    const link = join(folder, 'ptrap.config.ts');
    await symlink('project/../project/ptrap.config.ts', link);
    await expect(requireTrusted(link, trusted)).resolves.toBeUndefined();
    await chmod(join(folder, 'project'), 0o777);
    await expect(requireTrusted(link, trusted)).rejects.toEqual(refusal('project can be written by others'));
  });

  it("refuses a stranger's link to a trusted file", async () => {
    const link = join(folder, 'ptrap.config.ts');
    await symlink(file, link);
    await lchown(link, MALLORY, MALLORY);
    await expect(requireTrusted(link, trusted)).rejects.toEqual(refusal(`chown -h ${ALICE} ${link}`));
  });

  it('judges the folder that a link lies in, not only the one it leads to', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    await symlink(join(folder, 'project'), join(open, 'project'));
    await expect(requireTrusted(join(open, 'project', 'ptrap.config.ts'), trusted)).rejects.toEqual(
      refusal(`${open} can be written by others`),
    );
  });

  it('gives up on links that lead round in a circle', async () => {
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    await expect(requireTrusted(join(folder, 'a'), trusted)).rejects.toEqual(
      refusal('too many symbolic links'),
    );
  });

  it('shows a hostile file name harmless, and quoted for the shell', async () => {
    const hostile = join(folder, 'project', "x\u001b[2J'; rm -rf ~");
    await writeFile(hostile, '', { mode: 0o666 });
    await chmod(hostile, 0o666);
    const error: unknown = await requireTrusted(hostile, trusted).catch((reason: unknown) => reason);
    expect((error as Error).message).not.toContain('\u001b');
    expect((error as Error).message).toContain(`\\x1b[2J'\\''; rm -rf ~'`);
  });
});

describe('trustedUsers', () => {
  it.each([
    ['root by sudo', 0, '1000', [0, 1000]],
    ['root itself', 0, undefined, [0]],
    ['an ordinary user', 1000, undefined, [0, 1000]],
    ['an ordinary user who sets SUDO_UID', 1000, '1001', [0, 1000]],
    ['root with a SUDO_UID that is no number', 0, '1000x', [0]],
  ])('%s', (_who, uid, sudoUid, users) => {
    expect([...trustedUsers(uid, sudoUid)]).toEqual(users);
  });
});
