import { stat } from 'node:fs/promises';
import { execa, type Options } from 'execa';

const TOOL = 'notify-send';

/** Whose desktop it is, and what a command needs to reach it. */
export interface Desktop {
  /** Set where the command is to run as another user than ptrap does. */
  user?: { uid: number; gid: number };
  environment: Record<string, string>;
}

/**
 * The desktop of the user who called sudo, else of the user whom ptrap runs as; a sentence saying what is
 * missing where there is none.
 */
export async function findDesktop(env: NodeJS.ProcessEnv): Promise<Desktop | string> {
  const self = process.getuid?.() ?? 0;
  const uid = self === 0 && /^\d+$/.test(env['SUDO_UID'] ?? '') ? Number(env['SUDO_UID']) : self;
  const folder = `/run/user/${uid}`;
  const owner = await stat(folder).catch(() => undefined);
  const own = uid === self ? env['DBUS_SESSION_BUS_ADDRESS'] : undefined;
  const bus = own ?? (await socketIn(folder));
  if (bus === undefined || (uid !== self && owner?.uid !== uid)) return `user ${uid} has no desktop session`;
  const environment = {
    PATH: '/usr/bin:/bin:/usr/local/bin',
    LC_ALL: 'C.UTF-8',
    XDG_RUNTIME_DIR: folder,
    DBUS_SESSION_BUS_ADDRESS: bus,
  };
  const desktop = uid === self || !owner ? { environment } : { environment, user: { uid, gid: owner.gid } };
  const { failed, code } = await execa(TOOL, ['--version'], optionsOf(desktop));
  if (code === 'ENOENT') return `${TOOL} not found (apt install libnotify-bin)`;
  return failed ? `${TOOL} does not run` : desktop;
}

/** The address of systemd's bus for a user's session. */
async function socketIn(folder: string): Promise<string | undefined> {
  const path = `${folder}/bus`;
  const found = await stat(path).catch(() => undefined);
  return found?.isSocket() ? `unix:path=${path}` : undefined;
}

/** Shows a notification; rejects with what notify-send said when it cannot. */
export async function tellDesktop(desktop: Desktop, summary: string, body: string, signal: AbortSignal) {
  const args = ['--app-name=ptrap', '--', summary, body];
  const { failed, stderr, shortMessage } = await execa(TOOL, args, {
    ...optionsOf(desktop),
    cancelSignal: signal,
  });
  if (failed) throw new Error(stderr || shortMessage);
}

/** Nothing of ptrap's own environment or privilege goes along. */
function optionsOf({ user, environment }: Desktop) {
  return {
    ...user,
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    cwd: '/',
  } satisfies Options;
}
