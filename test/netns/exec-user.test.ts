import { describe, expect, it } from 'vitest';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const TARGET = '10.77.0.2:53/udp';
const QUICK = ['--source', 'nflog', '--hold', 'none'];

/** What root may have about it when it calls ptrap: none of this may reach the command. */
const ROOTS = {
  NODE_OPTIONS: '--no-warnings',
  NODE_PATH: '/root/modules',
  LD_LIBRARY_PATH: '/root/lib',
  BASH_ENV: '/root/.rc',
  ENV: '/root/.rc',
  SUDO_UID: '0',
  XDG_RUNTIME_DIR: '/run/user/0',
  SECRET: 'of root',
  PATH: `/root/bin:${process.env['PATH']}`,
};

/** An account with a group beside its own, in a mount namespace of ptrap's; ptrap itself is called with groups of root's. */
const prepare = () => `
  cp /etc/passwd '${folder.path}/passwd'
  cp /etc/group '${folder.path}/group'
  echo 'watcher:x:4711:4712::/home/watcher:/bin/bash' >>'${folder.path}/passwd'
  echo 'onlookers:x:4713:watcher' >>'${folder.path}/group'
  mount --bind '${folder.path}/passwd' /etc/passwd
  mount --bind '${folder.path}/group' /etc/group
  set -- setpriv --groups=0,4,27 "$@"
`;

/** What a command printed that was run for one sighting. */
async function told(command: string, user: string, options: readonly string[] = []): Promise<string> {
  const args = [TARGET, ...QUICK, '-e', command, '--exec-user', user, ...options];
  const watch = await stage.watch(args, { prepare: prepare(), env: ROOTS });
  const sender = stage.shell();
  await sender.do(`exec 3<>/dev/udp/10.77.0.2/53; echo x >&3`);
  await watch.sighting(found => pidsOf(found).includes(sender.pid));
  const { code, stderr } = await watch.end('SIGINT');
  expect(code).toBe(0);
  return stderr;
}

describe('--exec-user', () => {
  it('runs the command as that user: ids, groups, environment, folder', async () => {
    const said = await told(
      'id; pwd; env | sort; grep -E "^(Cap|NoNewPrivs)" /proc/self/status; :',
      'watcher',
    );
    expect(said).toContain(
      'uid=4711(watcher) gid=4712 groups=4712,4713(onlookers)\n/\nHOME=/home/watcher\nLANG=C.UTF-8\nLOGNAME=watcher\n',
    );
    const names = [...said.matchAll(/^([A-Z_]+)=(.*)$/gm)].filter(([, name]) => !name!.startsWith('PTRAP_'));
    expect(Object.fromEntries(names.map(([, name, value]) => [name, value]))).toEqual({
      HOME: '/home/watcher',
      LANG: 'C.UTF-8',
      LOGNAME: 'watcher',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      PWD: '/',
      SHELL: '/bin/bash',
      USER: 'watcher',
    });
    expect(said).toMatch(/^PTRAP_DST=10.77.0.2$/m);
    for (const set of ['Inh', 'Prm', 'Eff', 'Amb']) expect(said).toMatch(new RegExp(`^Cap${set}:\t0+$`, 'm'));
    expect(said).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('gives nothing back of what root has: groups, ids, files, a set-user-ID program', async () => {
    const tries = [
      'setpriv --groups=0,4 true',
      'setpriv --clear-groups true',
      'setpriv --regid=0 true',
      'setpriv --reuid=0 true',
      'cat /etc/shadow',
      'kill -0 $PPID',
      `${folder.path}/id -u | grep -x 0`, // set-user-ID root
    ].map((attempt, index) => `${attempt} 2>/dev/null && echo got ${index}`);
    const { namespace } = stage;
    await namespace.must(
      `chmod 755 '${folder.path}'; cp /usr/bin/id '${folder.path}/id'; chmod 4755 '${folder.path}/id'`,
    );
    const said = await told(`${tries.join('; ')}; '${folder.path}/id' -u; echo over; :`, 'watcher');
    expect(said).toContain('4711\nover');
    expect(said).not.toContain('got');
  });

  it('takes a uid, and the user of a config; is ended by its timeout', async () => {
    const config = `${folder.path}/ptrap.config.mjs`;
    await stage.namespace.must(`cat >'${config}' <<'END'
      import { exec } from 'ptrap/plugins';
      export default {
        execUser: '65534',
        plugins: [{ ...exec({ command: 'sleep 4711; :', timeoutMs: 300, user: 'nobody' }), name: 'sleeper' }],
      };\nEND`);
    const said = await told('id -un; :', 'nobody', ['--config', config]);
    expect(said).toMatch(/^nobody$/m);
    expect(await stage.namespace.run("pgrep -f 'sleep 4711'")).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    ['nobdy', ['-e', 'id'], 'PTRAP_E_USER: no user "nobdy" on this machine; did you mean nobody?'],
    [
      '--x',
      ['-e', 'id'],
      'PTRAP_E_USER: no user "--x" on this machine; allowed: a name or uid that `getent passwd` lists',
    ],
    ['$(id)', ['-e', 'id'], 'PTRAP_E_USER: no user "$(id)" on this machine; allowed:'],
    ['4242424', ['-e', 'id'], 'PTRAP_E_USER: no user "4242424" on this machine; allowed:'],
    [
      'nobody',
      [],
      'PTRAP_E_USER_WITHOUT_COMMAND: --exec-user without a command that could run as that user;',
    ],
  ])('%s: says what is wrong', async (user, args, message) => {
    const { code, stderr } = await stage
      .ptrap(['watch', '--no-config', TARGET, ...args, `--exec-user=${user}`])
      .end();
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
