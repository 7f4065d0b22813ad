import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { notifySend } from 'ptrap/plugins';
import { afterEach, describe, expect, it } from 'vitest';
import { findDesktops, tellDesktop } from '../../plugins/notify-send/desktop.js';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';
import { useFolder } from './folder.js';

const folder = useFolder();

/** A user that every machine has. */
const NOBODY = 65_534;

const started: ChildProcess[] = [];
afterEach(() => {
  delete process.env['DBUS_SESSION_BUS_ADDRESS'];
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Shown {
  app: string;
  replaces: number;
  number: number;
  summary: string;
  body: string;
}

/** A real session bus, and on it somebody who takes notifications, both as this user. */
async function openSession(uid = 0): Promise<{ address: string; shown: Shown[] }> {
  const bus = `${folder.path}/bus`;
  await chmod(folder.path, 0o711);
  await mkdir(bus);
  await chown(bus, uid, uid);
  const address = `unix:path=${bus}/socket`;
  const as = { uid, gid: uid, env: { PATH: '/usr/bin:/bin', DBUS_SESSION_BUS_ADDRESS: address, HOME: bus } };
  const daemon = spawn('dbus-daemon', ['--session', '--nofork', '--print-address', `--address=${address}`], {
    ...as,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(daemon);
  const ended = once(daemon, 'exit').then(() => Promise.reject(new Error('dbus-daemon ended')));
  ended.catch(() => undefined);
  await Promise.race([once(daemon.stdout, 'data'), ended]);
  const script = new URL('../plugins/notification-daemon.py', import.meta.url).pathname;
  const receiver = spawn('/usr/bin/python3', ['-'], { ...as, stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(receiver);
  receiver.stdin.end(await readFile(script)); // that user may not be able to read it
  const shown: Shown[] = [];
  let text = '';
  receiver.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (text + piece).split('\n');
    text = lines.pop()!;
    shown.push(...lines.map(line => JSON.parse(line) as Shown));
  });
  await expect.poll(() => shown.length, { timeout: 30_000 }).toBe(1); // it says that it is there
  shown.pop();
  return { address, shown };
}

describe('notify-send, on a real session bus', () => {
  it('shows sightings, and those of the same program in the place of each other', async () => {
    const { address, shown } = await openSession();
    process.env['DBUS_SESSION_BUS_ADDRESS'] = address;
    const { host, logged, failures } = await open(notifySend());
    const hostile = { ...dig, comm: '<b>\u001b[2J', exe: '/tmp/x', argv: ['<i>', '\\n'], ancestors: [] };
    for (const sighting of [
      sightingOf(1, dig),
      sightingOf(2, hostile),
      sightingOf(3, { ...dig, pid: 992 }),
    ]) {
      const dispatch = openDispatch(host.sinks);
      dispatch.deliver(sighting);
      await dispatch.drain(20_000);
    }
    expect(shown).toEqual([
      expect.objectContaining({
        app: 'ptrap',
        replaces: 0,
        number: 1,
        summary: 'dig[991] → 192.168.1.1:53/udp',
      }),
      expect.objectContaining({
        replaces: 0,
        number: 2,
        summary: '<b>\\x1b[2J[991] → 192.168.1.1:53/udp',
        body: '&lt;b&gt;&#92;x1b[2J[991] &lt;i&gt; &#92;n',
      }),
      expect.objectContaining({ replaces: 1, number: 1, summary: 'dig[992] → 192.168.1.1:53/udp (2 times)' }),
    ]);
    expect([logged, failures]).toEqual([[], []]);
  });

  it('reaches the bus of another user as that user', async () => {
    const { address, shown } = await openSession(NOBODY);
    const environment = { PATH: '/usr/bin:/bin', DBUS_SESSION_BUS_ADDRESS: address };
    const { signal } = new AbortController();
    const told = { summary: 'hello', body: '', replaces: undefined };
    // a session bus takes nobody but its own user
    await tellDesktop({ uid: NOBODY, user: { uid: NOBODY, gid: NOBODY }, environment }, told, signal);
    expect(shown).toMatchObject([{ summary: 'hello' }]);
    const wrong = tellDesktop({ uid: 1, user: { uid: 1, gid: 1 }, environment }, told, signal);
    await expect(wrong).rejects.toThrow();
    expect(shown).toHaveLength(1);
  });

  it('says that nobody is there to be told', async () => {
    expect(await findDesktops({})).toBe('nobody has a desktop session');
  });
});
