import { lstat, readlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { failure } from '../errors.js';

/** Links followed before giving up, as the kernel does (path_resolution(7)). */
const MAX_LINKS = 40;

const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

/** Users whose files may run as root: root, and who called: SUDO_UID when root was reached by sudo, else ourselves. */
export function trustedUsers(uid: number, sudoUid: string | undefined): ReadonlySet<number> {
  const invoker = uid === 0 && sudoUid !== undefined && /^\d+$/.test(sudoUid) ? Number(sudoUid) : uid;
  return new Set([0, invoker]);
}

/**
 * Refuses a file that anyone but `trusted` could have written or put there. Every folder and every symbolic
 * link on the way is looked at, as the kernel would walk it. Others may write to no folder on the way, but
 * for a sticky one of root's (/tmp): there they cannot replace what a trusted user owns. The write bits of
 * an ACL show in the mode of the group (acl(5)).
 * @throws PTRAP_E_UNTRUSTED naming what is wrong and how to put it right; ENOENT and the like as they come
 */
export async function requireTrusted(
  file: string,
  trusted: ReadonlySet<number> = trustedUsers(process.getuid?.() ?? -1, process.env['SUDO_UID']),
): Promise<void> {
  const path = resolve(file);
  let steps = stepsOf(path);
  let at = parse(path).root;
  let links = 0;
  check(path, at, await lstat(at), trusted);
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (step === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, step);
    const found = await lstat(next);
    check(path, next, found, trusted);
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS)
      throw untrusted(path, next, 'is one of too many symbolic links', 'name the file itself');
    const target = await readlink(next);
    if (target.startsWith(sep)) at = parse(target).root;
    steps = [...stepsOf(target), ...steps];
  }
}

function stepsOf(path: string): string[] {
  return path.split(sep).filter(step => step !== '' && step !== '.');
}

function check(file: string, path: string, found: Stats, trusted: ReadonlySet<number>): void {
  if (!trusted.has(found.uid)) {
    const chown = found.isSymbolicLink() ? 'chown -h' : 'chown';
    throw untrusted(
      file,
      path,
      `belongs to uid ${found.uid}`,
      `${chown} ${[...trusted].at(-1)} ${quote(path)}`,
    );
  }
  if (found.isSymbolicLink() || (found.mode & OTHERS_WRITE) === 0) return;
  const isSharedByRoot = found.isDirectory() && (found.mode & STICKY) !== 0 && found.uid === 0;
  if (isSharedByRoot) return;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  throw untrusted(file, path, `can be written by others (mode ${mode})`, `chmod go-w ${quote(path)}`);
}

function untrusted(file: string, path: string, why: string, cure: string): Error {
  return failure('PTRAP_E_UNTRUSTED', file, file === path ? 'it' : path, why, cure);
}

/** A path as it can be pasted into a shell. */
function quote(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
