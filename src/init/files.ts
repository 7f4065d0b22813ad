import { constants } from 'node:fs';
import { access, chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireTrusted } from '../config/trust.js';
import { failure, PtrapError } from '../errors.js';

/** Files to be made, by their path below a folder. */
export type Files = Readonly<Record<string, string>>;

/** Whoever called sudo; undefined without sudo. */
function invoker(): { uid: number; gid: number } | undefined {
  const [uid, gid] = [process.env['SUDO_UID'], process.env['SUDO_GID']];
  if (process.getuid?.() !== 0 || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return undefined;
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * Writes files that ptrap will load: whatever the umask, nobody but their owner may write to them; that is who called
 * sudo, if it was by sudo. Gives the paths of what was written.
 * @throws PTRAP_E_INIT_EXISTS before anything was written, PTRAP_E_INIT_WRITE
 */
export async function writeFiles(folder: string, files: Files, force: boolean): Promise<string[]> {
  const paths = Object.keys(files).map(name => join(folder, name));
  if (!force) await Promise.all(paths.map(refuseExisting));
  for (const [index, text] of Object.values(files).entries()) await write(paths[index]!, text, force);
  return paths;
}

async function refuseExisting(path: string): Promise<void> {
  const isThere = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (isThere) throw failure('PTRAP_E_INIT_EXISTS', path);
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    const made = await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    if (made !== undefined) await own(dirname(path), 0o755);
    await writeFile(path, text, { flag: force ? 'w' : 'wx', mode: 0o644 });
    await own(path, 0o644);
  } catch (error) {
    throw failure('PTRAP_E_INIT_WRITE', path, (error as Error).message);
  }
}

async function own(path: string, mode: number): Promise<void> {
  await chmod(path, mode);
  const { uid, gid } = invoker() ?? {};
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Why ptrap would not load a file, such as a folder on the way to it that others may write to; undefined where it would. */
export async function whyUntrusted(path: string): Promise<string | undefined> {
  try {
    await requireTrusted(path);
    return undefined;
  } catch (error) {
    if (error instanceof PtrapError) return error.message;
    throw error;
  }
}
