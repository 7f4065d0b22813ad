import { ownPackage } from '../sys/own-package.js';
import type { Facts } from './facts.js';
import { lookAtJournald } from './journald.js';
import { loadedModules, lookAtMachine, lookAtPrivileges } from './machine.js';
import { findTools } from './tools.js';
import { tryAll } from './try-all.js';

/** Looks at this machine and tries what ptrap can make use of. Leaves nothing behind but kernel modules, which it lists. */
export async function examine(): Promise<Facts> {
  const [machine, privileges, journald, tools] = await Promise.all([
    lookAtMachine(),
    lookAtPrivileges(),
    lookAtJournald(),
    findTools(),
  ]);
  const before = new Set(loadedModules());
  const outcomes = await tryAll(privileges);
  const modulesLoaded = loadedModules().filter(name => !before.has(name));
  return { ptrap: ownPackage().version, machine, privileges, tools, journald, outcomes, modulesLoaded };
}
