import { setTimeout as sleep } from 'node:timers/promises';
import { notifySend } from 'ptrap/plugins';
import { describe, expect, it } from 'vitest';
import { createBurst } from '../../plugins/notify-send/burst.js';
import { findDesktops, usersIn } from '../../plugins/notify-send/desktop.js';
import { notification } from '../../plugins/notify-send/notification.js';
import { createRepeats } from '../../plugins/notify-send/repeats.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

describe('the notification', () => {
  it('names the process and shows where it comes from', () => {
    expect(notification(sightingOf(1, dig), 1)).toEqual({
      summary: 'dig[991] → 192.168.1.1:53/udp',
      body: 'systemd[1] /sbin/init\n└─ bash[990] bash /etc/cron.daily/report\n   └─ dig[991] dig example.org',
    });
    expect(notification(sightingOf(1), 12).summary).toBe('unknown process → 192.168.1.1:53/udp (12 times)');
  });

  it('escapes markup, backslashes and control characters', () => {
    const hostile = { ...dig, comm: '<b>&\u001b', argv: ['<a href="x">', '\\033[2J'], ancestors: [] };
    expect(notification(sightingOf(1, hostile), 1)).toEqual({
      summary: '<b>&\\x1b[991] → 192.168.1.1:53/udp',
      body: '&lt;b&gt;&amp;&#92;x1b[991] \'&lt;a href="x"&gt;\' &#92;033[2J',
    });
  });
});

describe('a burst', () => {
  it('is shown at once, then once a pause, with the number of those it stands for', async () => {
    const sent: [string, number, number][] = [];
    const start = performance.now();
    const burst = createBurst(100, ({ id }, count) => {
      sent.push([id, count, performance.now() - start]);
      return Promise.resolve();
    });
    const { signal } = new AbortController();
    const all = [];
    for (let number = 1; number <= 10; number++) {
      all.push(burst(sightingOf(number, dig), signal));
      await sleep(1);
    }
    await Promise.all(all);
    expect(sent.map(([id, count]) => [id, count])).toEqual([
      ['k3v9qa-1', 1],
      ['k3v9qa-10', 9],
    ]);
    expect(sent[1]?.[2]).toBeGreaterThanOrEqual(95);
  });

  it('goes on after one was aborted', async () => {
    const sent: number[] = [];
    const burst = createBurst(50, (_latest, count) => Promise.resolve(void sent.push(count)));
    await burst(sightingOf(1, dig), new AbortController().signal);
    await expect(burst(sightingOf(2, dig), AbortSignal.timeout(5))).rejects.toThrow('abort');
    await burst(sightingOf(3, dig), new AbortController().signal);
    expect(sent).toEqual([1, 1]);
  });
});

describe('what is shown already', () => {
  it('is that of the same program and destination, and counts on', () => {
    const repeats = createRepeats();
    const first = repeats(sightingOf(1, dig), 1);
    expect(repeats(sightingOf(2, { ...dig, pid: 992 }), 3)).toBe(first);
    expect(first.count).toBe(4);
    expect(repeats(sightingOf(3, { ...dig, exe: '/usr/bin/curl' }), 1)).not.toBe(first);
    expect(repeats(sightingOf(4), 1)).not.toBe(first);
    for (let number = 0; number < 300; number += 1)
      repeats(sightingOf(5, { ...dig, exe: `/x/${number}` }), 1);
    expect(repeats(sightingOf(6, dig), 1).count).toBe(1); // forgotten
  });
});

describe('who sits before a desktop', () => {
  it('is read from what loginctl says of the sessions', () => {
    const session = (user: number, type: string, active = 'yes', kind = 'user') =>
      `User=${user}\nType=${type}\nActive=${active}\nClass=${kind}\n`;
    const text = [
      session(1000, 'wayland'),
      session(1000, 'x11'),
      session(0, 'tty'),
      session(1001, 'x11', 'no'),
      session(118, 'wayland', 'yes', 'greeter'),
      session(1002, 'x11'),
    ].join('\n');
    expect(usersIn(text)).toEqual([1000, 1002]);
    expect(usersIn('')).toEqual([]);
    expect(usersIn('User=\nType=x11\nActive=yes\nClass=user\n')).toEqual([]);
  });
});

describe('without a desktop', () => {
  it('says so once and does nothing', async () => {
    const before = process.env['DBUS_SESSION_BUS_ADDRESS'];
    delete process.env['DBUS_SESSION_BUS_ADDRESS'];
    process.env['SUDO_UID'] = '4242421';
    try {
      const { host, logged, failures } = await open(notifySend());
      expect(host.sinks[0]?.wanted()).toBe(false);
      expect(logged).toHaveLength(1);
      expect(logged[0]).toMatch(/^notify-send: no notifications: user \d+ has no desktop session$/);
      expect(failures).toEqual([]);
    } finally {
      delete process.env['SUDO_UID'];
      if (before !== undefined) process.env['DBUS_SESSION_BUS_ADDRESS'] = before;
    }
  });

  it('never takes a bus in the environment for that of another user', async () => {
    const env = { SUDO_UID: '4242421', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
    const found = await findDesktops(env);
    if (process.getuid?.() === 0) expect(found).toBe('user 4242421 has no desktop session');
    else expect(JSON.stringify(found)).not.toContain('4242421');
  });
});
