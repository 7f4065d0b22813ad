import type { Tracked } from './roster.js';

/** Which processes have ever been a user: only they can have opened a socket of that user's. */
export interface Users {
  add(process: Tracked): void;
  /** It has set its user ids. */
  change(process: Tracked, to: { real: number; effective: number }): void;
  remove(process: Tracked): void;
  /** Those that are or were `uid`, and those of which that cannot be told. */
  of(uid: number): Iterable<Tracked>;
}

/** Opens an empty one. */
export function openUsers(): Users {
  const byUser = new Map<number, Set<Tracked>>();
  const unknown = new Set<Tracked>();

  function enter(uid: number, process: Tracked): void {
    const set = byUser.get(uid);
    if (set) set.add(process);
    else byUser.set(uid, new Set([process]));
  }

  function lose(process: Tracked): void {
    for (const uid of process.users ?? []) {
      const set = byUser.get(uid);
      set?.delete(process);
      if (set?.size === 0) byUser.delete(uid);
    }
    unknown.delete(process);
  }

  return {
    add(process) {
      if (process.users === undefined) unknown.add(process);
      else for (const uid of process.users) enter(uid, process);
    },
    change(process, { real, effective }) {
      const { uid, users } = process;
      process.uid = { real, effective };
      if (users === undefined) return;
      if (uid?.real === real && uid.effective === effective) {
        // another of its ids has changed (setfsuid(2), setresuid(2)), to what the kernel does not tell
        lose(process);
        process.users = undefined;
        unknown.add(process);
        return;
      }
      const now = new Set([...users, real, effective]);
      if (now.size === users.length) return;
      process.users = [...now];
      for (const user of now) enter(user, process);
    },
    remove: lose,
    *of(uid) {
      yield* byUser.get(uid) ?? [];
      yield* unknown;
    },
  };
}
