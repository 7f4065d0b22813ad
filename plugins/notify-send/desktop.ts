import { stat } from 'node:fs/promises';
import { execa, type Options } from 'execa';

const TOOL = 'notify-send';

/** Whose desktop it is, and what a command needs to reach it. */
export interface Desktop {
  uid: number;
  /** Set where the command is to run as another user than ptrap does. */
  user?: { uid: number; gid: number };
  environment: Record<string, string>;
}

/**
 * The desktop of the user who called sudo, else of the user whom ptrap runs as. Where that is root, as in a service, those
 * of all who sit before one (logind). A sentence saying what is missing where there is none.
 */
export async function findDesktops(env: NodeJS.ProcessEnv): Promise<Desktop[] | string> {
  const self = process.getuid?.() ?? 0;
  const called = self === 0 && /^\d+$/.test(env['SUDO_UID'] ?? '') ? Number(env['SUDO_UID']) : self;
  const own = await desktopOf(called, self, env);
  const all = own === undefined && called === 0 ? await seated(self, env) : [own];
  const found = all.filter(desktop => desktop !== undefined);
  if (found.length === 0)
    return called === 0 ? 'nobody has a desktop session' : `user ${called} has no desktop session`;
  const { failed, code } = await execa(TOOL, ['--version'], optionsOf(found[0]!));
  if (code === 'ENOENT') return `${TOOL} not found (apt install libnotify-bin)`;
  return failed ? `${TOOL} does not run` : found;
}

/** The desktop of a user, if a session bus of that user's is there. */
async function desktopOf(uid: number, self: number, env: NodeJS.ProcessEnv): Promise<Desktop | undefined> {
  const folder = `/run/user/${uid}`;
  const owner = await stat(folder).catch(() => undefined);
  const own = uid === self ? env['DBUS_SESSION_BUS_ADDRESS'] : undefined;
  const bus = own ?? (await socketIn(folder));
  if (bus === undefined || (uid !== self && owner?.uid !== uid)) return undefined;
  const environment = {
    PATH: '/usr/bin:/bin:/usr/local/bin',
    LC_ALL: 'C.UTF-8',
    XDG_RUNTIME_DIR: folder,
    DBUS_SESSION_BUS_ADDRESS: bus,
  };
  return uid === self || !owner ? { uid, environment } : { uid, environment, user: { uid, gid: owner.gid } };
}

async function seated(self: number, env: NodeJS.ProcessEnv): Promise<(Desktop | undefined)[]> {
  const uids = await graphicalUsers();
  return Promise.all(uids.map(uid => desktopOf(uid, self, env)));
}

/** Who has an active graphical session, as loginctl(1) knows them; nobody where there is no logind. */
async function graphicalUsers(): Promise<number[]> {
  const list = await loginctl('list-sessions', '--no-legend');
  const ids = list.split('\n').flatMap(line => /^\s*(\S+)/.exec(line)?.[1] ?? []);
  if (ids.length === 0) return [];
  const properties = ['User', 'Type', 'Active', 'Class'].map(name => `--property=${name}`);
  return usersIn(await loginctl('show-session', ...properties, '--', ...ids));
}

/** The users of graphical sessions in what `loginctl show-session` says: a property a line, an empty one between sessions. */
export function usersIn(text: string): number[] {
  const sessions = text.split(/\n\s*\n/).map(block => {
    const lines = block.split('\n').map(line => line.split('='));
    return new Map(lines.map(([name = '', value = '']) => [name.trim(), value.trim()]));
  });
  const graphical = sessions.filter(
    session =>
      /^(x11|wayland|mir)$/.test(session.get('Type') ?? '') &&
      session.get('Active') === 'yes' &&
      session.get('Class') === 'user',
  );
  return [
    ...new Set(graphical.flatMap(session => /^\d+$/.exec(session.get('User') ?? '') ?? []).map(Number)),
  ];
}

async function loginctl(...args: string[]): Promise<string> {
  const options = { reject: false, stdin: 'ignore', timeout: 2000 } as const;
  const { failed, stdout } = await execa('/usr/bin/loginctl', args, options);
  return failed ? '' : (stdout ?? '');
}

/** The address of systemd's bus for a user's session. */
async function socketIn(folder: string): Promise<string | undefined> {
  const path = `${folder}/bus`;
  const found = await stat(path).catch(() => undefined);
  return found?.isSocket() ? `unix:path=${path}` : undefined;
}

/**
 * Shows a notification, in the place of the one that bears `replaces` if there is one, and gives its number; undefined from
 * a notify-send before 0.8, which neither takes nor tells any. Rejects with what notify-send said when it cannot.
 */
export async function tellDesktop(
  desktop: Desktop,
  { summary, body, replaces }: { summary: string; body: string; replaces: number | undefined },
  signal: AbortSignal,
): Promise<number | undefined> {
  const words = ['--app-name=ptrap', '--', summary, body];
  const place = replaces === undefined ? [] : [`--replace-id=${replaces}`];
  const run = (...args: string[]) => execa(TOOL, args, { ...optionsOf(desktop), cancelSignal: signal });
  let result = await run('--print-id', ...place, ...words);
  if (result.failed && /Unknown option/.test(result.stderr)) result = await run(...words);
  const { failed, stdout, stderr, shortMessage } = result;
  if (failed) throw new Error(stderr || shortMessage);
  return /^\d+$/.test(stdout.trim()) ? Number(stdout) : undefined;
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
