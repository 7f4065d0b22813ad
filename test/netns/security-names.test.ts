import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Event, Sighting } from '../../src/events.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const TARGET = '10.77.0.2:53/udp';
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * A bash whose comm, path and argv hold escape sequences, line ends, shell syntax, bytes that are no UTF-8 and, as its last
 * argument, 128 KiB. It sends a packet for each line of its stdin.
 */
function startHostile() {
  const touch = `touch ${folder.path}/pwned`;
  const inner = 'exec 3<>/dev/udp/10.77.0.2/53; while read -r line; do echo x >&3; done';
  const file = String.raw`'${folder.path}/'$'\e]0;\n\xff$(id)'`;
  const name = String.raw`$'\e[2J\e]0;owned\a;${touch};\u202e'`;
  const args = [
    String.raw`$'\xff\xfe\xc3\x28'`,
    String.raw`$'a\nb\r\tc\x9b31m'`,
    `'$(${touch})' '\`${touch}\`' '; ${touch} #' '| ${touch}' '--version'`,
    '"$(head -c 131071 /dev/zero | tr "\\0" A)"',
  ];
  const script = `cp /bin/bash ${file}; exec -a ${name} ${file} -c '${inner}' ${args.join(' ')}`;
  const child = stage.namespace.spawn('bash', ['-c', script]);
  return {
    pid: child.pid!,
    send: () => child.stdin!.write('\n'),
    end: () => child.kill('SIGKILL'),
  };
}

function processIn(sighting: Sighting, pid: number) {
  expect(pidsOf(sighting)).toEqual([pid]);
  if (sighting.resolution.status !== 'resolved') throw new Error(sighting.resolution.reason);
  return sighting.resolution.processes[0]!;
}

describe('hostile names of a process', () => {
  it('are data in JSON and in the log of json-logger, and in the environment of --exec', async () => {
    const log = `${folder.path}/log.ndjson`;
    const config = `${folder.path}/ptrap.config.ts`;
    await writeFile(
      config,
      `import { jsonLogger } from 'ptrap/plugins';\nexport default { plugins: [jsonLogger({ file: '${log}' })] };`,
    );
    const env = `${folder.path}/env`;
    const exec = `f() { printf '%s|%s' "$#" "$PTRAP_COMM" > ${env}; env | cut -c1-300; echo told; }; f`;
    const watch = await stage.watch([TARGET, '--hold', 'none', '--config', config, '-e', exec]);
    const hostile = startHostile();
    hostile.send();
    const sighting = await watch.sighting(found => pidsOf(found).includes(hostile.pid));
    await watch.until('stderr', /told/);
    hostile.end();
    const { code, stdout, stderr, summary } = await watch.end('SIGINT');

    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 1, resolved: 1 });
    const { comm, exe, argv } = processIn(sighting, hostile.pid);
    expect(comm).toBe('\u001b]0;\n\ufffd$(id)');
    expect(exe).toBe(`${folder.path}/${comm}`);
    expect(argv[0]).toMatch(/^\u001b\[2J\u001b\]0;owned\u0007;touch .*;\u202e$/);
    expect(argv.slice(3)).toEqual(
      expect.arrayContaining(['\ufffd\ufffd\ufffd(', 'a\nb\r\tc\ufffd31m', '--version']),
    );
    expect(argv.join('').length).toBeLessThanOrEqual(4096);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => (JSON.parse(line) as Event).type),
    ).toEqual(['ready', 'sighting', 'summary']);
    expect(UNSAFE.test(stdout.replaceAll('\n', ''))).toBe(false);
    expect(UNSAFE.test(stderr.replace(/[\t\n]/g, ''))).toBe(false);
    const logged = await readFile(log, 'utf8');
    expect(
      logged
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
    ).toEqual([sighting, summary]);
    expect(UNSAFE.test(logged.replaceAll('\n', ''))).toBe(false);
    expect(await readFile(env, 'utf8')).toBe(`1|${comm}`);
    expect(existsSync(`${folder.path}/pwned`)).toBe(false);
  });

  it('are shown escaped by pretty, and handed to notify-send as arguments that say nothing else', async () => {
    // what notify-send is told; it lies where the plugin looks, in a mount namespace of ptrap's alone
    const bin = `${folder.path}/bin`;
    await mkdir(bin);
    await writeFile(
      `${bin}/notify-send`,
      `#!/bin/sh\n[ "$1" = --version ] || printf '%s\\0' "$@" >> ${folder.path}/told\n`,
    );
    await chmod(`${bin}/notify-send`, 0o755);
    const prepare = `mount -t overlay overlay -o lowerdir=${bin}:/usr/bin /usr/bin`;
    const args = ['watch', '--no-config', TARGET, '--hold', 'none', '--plugin', 'notify-send'];
    const ptrap = stage.ptrap(args, { prepare, env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' } });
    await ptrap.until('stderr', /watching/);
    const hostile = startHostile();
    hostile.send();
    await ptrap.until('stdout', new RegExp(`${hostile.pid}\\][^]*${hostile.pid}\\]`));
    hostile.end();
    const { code, stdout, stderr } = await ptrap.end('SIGINT');
    expect(code).toBe(0);
    expect(stderr).not.toContain('plugin');
    expect(stdout).toContain(`\\x1b]0;\\x0a\ufffd$(id)[${hostile.pid}]`);
    expect(UNSAFE.test(stdout.replaceAll('\n', ''))).toBe(false);
    const told = (await readFile(`${folder.path}/told`, 'utf8')).split('\0');
    expect(told.slice(0, 3)).toEqual(['--print-id', '--app-name=ptrap', '--']);
    expect(told[3]).toBe(`\\x1b]0;\\x0a\ufffd$(id)[${hostile.pid}] → 10.77.0.2:53/udp`);
    expect(UNSAFE.test(told.join('').replaceAll('\n', ''))).toBe(false);
    expect(existsSync(`${folder.path}/pwned`)).toBe(false);
  });
});

it('a process whose name reads like a line of /proc/<pid>/status stays who it is', async () => {
  const watch = await stage.watch([TARGET, '--hold', 'none']);
  const name = String.raw`\rUid: 0 0 0 0`; // the kernel escapes no carriage return there
  const script = `$0 = "${name}"; $| = 1; print "named\\n"; <STDIN>; socket(S, 2, 2, 17); send(S, "x", 0, pack("SnC4x8", 2, 53, 10, 77, 0, 2)); <STDIN>`;
  const sender = stage.namespace.spawn('setpriv', [
    '--reuid',
    '4711',
    '--clear-groups',
    'perl',
    '-e',
    script,
  ]);
  await once(sender.stdout!, 'data');
  sender.stdin!.write('\n');
  const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid!));
  sender.stdin!.end();
  await watch.end('SIGINT');
  expect(sighting.flow.uid).toBe(4711);
  expect(processIn(sighting, sender.pid!)).toMatchObject({ comm: '\rUid: 0 0 0 0', uid: 4711 });
});

it('notify-send runs as the user who called sudo, with nothing of root’s', async () => {
  const bin = `${folder.path}/bin`;
  const told = `${folder.path}/told`;
  await mkdir(bin);
  await writeFile(
    `${bin}/notify-send`,
    `#!/bin/sh\n{ id -u; id -G; grep Cap /proc/self/status; env; } > ${told}\n`,
  );
  await chmod(`${bin}/notify-send`, 0o755);
  await chmod(folder.path, 0o711);
  await writeFile(told, '');
  await chown(told, 4711, 4711);
  // where systemd has the bus of that user's session
  await stage.namespace.must(`
    install -d -o 4711 -g 4711 -m 700 /run/user/4711
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "/run/user/4711/bus", Listen => 1) or die'`);
  const prepare = `mount -t overlay overlay -o lowerdir=${bin}:/usr/bin /usr/bin`;
  const env = { SUDO_UID: '4711', SECRET: 'x', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
  const args = ['watch', '--no-config', TARGET, '--hold', 'none', '--plugin', 'notify-send'];
  const ptrap = stage.ptrap(args, { prepare, env });
  await ptrap.until('stderr', /watching/);
  const sender = stage.shell();
  await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
  await ptrap.until('stdout', new RegExp(`bash\\[${sender.pid}\\]`));
  const { code, stderr } = await ptrap.end('SIGINT');
  await stage.namespace.must('rm -r /run/user');
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('plugin')]);
  const [uid, groups, ...rest] = (await readFile(told, 'utf8')).trim().split('\n');
  expect([uid, groups]).toEqual(['4711', '4711']);
  const capabilities = rest.filter(line => /^Cap(Inh|Prm|Eff|Amb):/.test(line));
  expect(capabilities).toHaveLength(4);
  expect(capabilities.every(line => /\t0+$/.test(line))).toBe(true);
  const variables = rest.filter(line => line.includes('=')).map(line => line.split('=')[0]!);
  const shells = ['PWD', 'OLDPWD', 'SHLVL', '_'];
  expect(variables.filter(name => !shells.includes(name)).sort()).toEqual([
    'DBUS_SESSION_BUS_ADDRESS',
    'LC_ALL',
    'PATH',
    'XDG_RUNTIME_DIR',
  ]);
  expect(rest).toContain('DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/4711/bus');
});

describe('hostile words on the command line', () => {
  it.each([
    '$(touch pwned)',
    '`touch pwned`:53',
    '; touch pwned',
    '1.2.3.4; touch pwned',
    '1.2.3.4" counter accept',
    '\u001b[2J',
    '--\u001b[2J',
  ])('the target %j is refused, and nothing of it runs', async target => {
    const { code, stdout, stderr } = await stage
      .ptrap(['watch', '--no-config', target], { cwd: folder.path })
      .end();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^PTRAP_E_(TARGET|OPTION): /);
    expect(UNSAFE.test(stderr.trimEnd())).toBe(false);
    expect(existsSync(`${folder.path}/pwned`)).toBe(false);
  });
});
