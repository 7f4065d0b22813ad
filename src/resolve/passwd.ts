import { readFileSync, statSync } from 'node:fs';

/** A look-up of user names in a passwd(5) file, which is read again when it changes. Null for a user that is not in it. */
export function openPasswd(path = '/etc/passwd'): (uid: number) => string | null {
  let read = { at: -1, names: new Map<number, string>() };
  return uid => {
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (at === undefined) return null;
    if (at !== read.at) read = { at, names: parsePasswd(readFileSync(path, 'utf8')) };
    return read.names.get(uid) ?? null;
  };
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
