import { failure } from '../errors.js';
import { askNow } from './exec.js';
import { nearest } from './nearest.js';

/** An account of this machine: from passwd(5), or wherever else nsswitch.conf(5) has accounts looked up. */
export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

/**
 * The account of a name or a uid.
 * @throws PTRAP_E_USER when there is none
 */
export function findUser(text: string): User {
  const [found] = text === '' ? [] : parseAccounts(askNow('getent', ['passwd', '--', text]).stdout);
  if (found) return found;
  const known = parseAccounts(askNow('getent', ['passwd']).stdout).map(({ name }) => name);
  throw failure('PTRAP_E_USER', text, nearest(text, known));
}

/** Reads lines of passwd(5); what is none is left out. */
export function parseAccounts(text: string): User[] {
  return text.split('\n').flatMap(line => {
    const [name, , uid = '', gid = '', , home, shell] = line.split(':');
    if (!name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return [];
    return [{ name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' }];
  });
}
