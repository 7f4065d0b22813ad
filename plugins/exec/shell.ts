import type { User } from 'ptrap';

/** What a command line is given to: the words of a shell's command, the environment and the folder that it begins with. */
export interface Shell {
  words: readonly [file: string, ...args: string[]];
  environment: NodeJS.ProcessEnv;
  cwd: string | undefined;
}

/** As ptrap itself, where ptrap was called and with the environment that it was given. */
export function asOurselves(): Shell {
  return { words: ['/bin/sh'], environment: process.env, cwd: undefined };
}

/**
 * As that user, by setpriv(1): its groups, its environment as after a login, no capabilities, and with no_new_privs, so
 * that no set-user-ID program gives it others (PR_SET_NO_NEW_PRIVS in prctl(2)). In /: from the folder where root called
 * ptrap a way might lead to what the user could not reach.
 */
export function asUser({ name, uid, gid, home, shell }: User): Shell {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups'];
  const privileges = ['--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];
  return {
    words: ['setpriv', ...ids, ...privileges, '/bin/sh'],
    environment: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: home,
      SHELL: shell,
      USER: name,
      LOGNAME: name,
    },
    cwd: '/',
  };
}
