import { readFileSync, statSync } from 'node:fs';

/**
 * A look-up of user names in a passwd(5) file, which is read again when it changes. Null for a user that is not in it.
 * @param everyMs how often it is looked whether it has changed
 */
export function openPasswd(path = '/etc/passwd', everyMs = 1000): (uid: number) => string | null {
  let read = { at: -1, names: new Map<number, string>() };
  let looked = -Infinity;
  return uid => {
    if (performance.now() >= looked + everyMs) look();
    return read.names.get(uid) ?? null;
  };

  function look(): void {
    looked = performance.now();
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
    if (at === read.at) return;
    read = { at, names: at === -1 ? new Map<number, string>() : parsePasswd(readFileSync(path, 'utf8')) };
  }
}

/** User names by uid; the first line of a uid counts, as for getpwuid(3). */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (!name || !/^\d+$/.test(uid ?? '') || names.has(Number(uid))) continue;
    names.set(Number(uid), name);
  }
  return names;
}
