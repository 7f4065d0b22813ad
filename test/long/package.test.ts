import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootMachine, type Machine } from '../vm/machine.js';

const TARGET = '127.0.0.1:5353/udp';
const LOG = '/var/log/ptrap/mail.ndjson';

/** On these lie a hundred thousand files, through which a search takes minutes here. */
const LARGE = ['/usr', '/etc', '/var/lib', '/var/cache'];

/** From now on what is written to these lands in folders of its own, where it shows at once. */
const LAYERS = `set -e
mkdir -p /tmp/layers/modules
mount --bind /usr/lib/modules /tmp/layers/modules
for folder in ${LARGE.join(' ')}; do
  mkdir -p /tmp/layers/new$folder /tmp/layers/work$folder
  mount -t overlay -o lowerdir=$folder,upperdir=/tmp/layers/new$folder,workdir=/tmp/layers/work$folder overlay $folder
done
mount --bind /tmp/layers/modules /usr/lib/modules
# the index of manual pages is man-db's, and takes a minute here
rm -f /var/lib/man-db/auto-update`;

/** Changes that dpkg, systemd and journald make for themselves. */
const THEIRS =
  /^(new\/var\/lib\/dpkg\/(status|lock|triggers|available)|\/var\/log\/dpkg.log|\/run\/(systemd|log\/journal|udev|credentials)\/)/;

/** A package named nodejs where this machine's node is none of dpkg's: Debian 12 has none that is new enough. */
const NODE = `set -e
dpkg-query -W nodejs >/dev/null 2>&1 && exit
mkdir -p /tmp/nodejs/DEBIAN /tmp/nodejs/usr/bin
[ -e /usr/bin/node ] || ln -s "$PTRAP_NODE" /tmp/nodejs/usr/bin/node
printf 'Package: nodejs\\nVersion: %s\\nArchitecture: all\\nMaintainer: test\\nDescription: test\\n' "$(node -p process.versions.node)" >/tmp/nodejs/DEBIAN/control
dpkg-deb --build /tmp/nodejs /tmp/nodejs.deb
dpkg --force-unsafe-io -i /tmp/nodejs.deb`;

const CONFIG = `import { defineConfig } from 'ptrap';
import { jsonLogger } from 'ptrap/plugins';
export default defineConfig({
  targets: ['${TARGET}'], output: 'json', plugins: [jsonLogger({ file: '${LOG}' })] });`;

let vm: Machine;
let deb: string;
beforeAll(async () => {
  const build = fileURLToPath(new URL('../../scripts/deb/build.sh', import.meta.url));
  deb = execFileSync('bash', [build], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  vm = await bootMachine();
  await vm.must(LAYERS);
  await vm.must(NODE);
});
afterAll(() => vm?.[Symbol.asyncDispose]());

/** Files, with their owners, modes, sizes and times; what is new in the large folders; rules and devices. */
async function everything(): Promise<string[]> {
  const listed = await vm.must(
    `find /run /var/log /var/tmp \\( -type d -printf '%p %M %u:%g\\n' -o -printf '%p %M %u:%g %s %T@\\n' \\)
     cd /tmp/layers; find new \\( ! -type d -o -name '*ptrap*' \\)
     nft list ruleset; ip -br link; tc qdisc show`,
  );
  return listed.split('\n').filter(line => !THEIRS.test(line));
}

const printed = (): Promise<string> => vm.must('journalctl -o cat -u ptrap@mail.service');

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 180_000; Date.now() < end;) if (await look()) return;
  throw new Error(`${what}: ${await printed()}`);
}

/** A process that sends one packet and stays; its pid. */
async function send(): Promise<number> {
  const sender = vm.start(`exec 3<>/dev/udp/127.0.0.1/5353; echo x >&3; exec sleep 1000`);
  return sender.pid();
}

const named = (pid: number): string => `"processes":[{"pid":${pid},`;

it('is installed, runs by hand and as a service, is rotated, and leaves nothing when it is purged', async () => {
  const before = await everything();
  const started = Date.now();
  await vm.must(`dpkg --force-unsafe-io -i ${deb}`, { timeoutMs: 400_000 });
  console.log(`installed in ${Date.now() - started} ms`);
  expect(await vm.must(`dpkg-query -W -f '\${db:Status-Abbrev}' ptrap; dpkg -V ptrap`)).toBe('ii ');
  expect(
    await vm.must('ls -A /run/ptrap /var/log/ptrap 2>/dev/null; systemctl list-units -q "ptrap@*"; true'),
  ).toBe('');

  // by hand; nobody's NODE_OPTIONS are loaded
  const watch = vm.start(
    `NODE_OPTIONS='--require /nowhere.js' exec ptrap watch ${TARGET} --count 1 --output json`,
  );
  await watch.waitFor(/"type":"ready"/, 120_000);
  const first = await send();
  const { code, stdout, stderr } = await watch.end(60_000);
  expect(stderr).not.toMatch(/PTRAP_E_|nowhere/);
  expect(code).toBe(0);
  expect(stdout).toContain(named(first));

  await vm.must(`cat >/etc/ptrap/mail.config.ts <<'END'\n${CONFIG}\nEND\nsystemctl enable --now ptrap@mail`, {
    timeoutMs: 120_000,
  });
  await until('it is not ready', async () => (await printed()).includes('"ready"'));
  const second = await send();
  await until('nobody is named', async () => (await printed()).includes(named(second)));

  await vm.must('logrotate --force --state /run/rotated /etc/logrotate.d/ptrap; rm /run/rotated');
  await until('not opened again', async () => (await vm.run(`test -e ${LOG}`)).code === 0);
  const third = await send();
  await until(
    'it goes on elsewhere',
    async () => (await vm.run(`grep -F '${named(third)}' ${LOG}`)).code === 0,
  );
  expect(await vm.must(`stat -c %a ${LOG} ${LOG}.1`)).toBe('600\n600\n');
  expect(await vm.must(`cat ${LOG}.1`)).toContain(named(second));

  // purged while it runs
  await vm.must('dpkg --purge ptrap', { timeoutMs: 400_000 });
  expect((await vm.run('dpkg -L ptrap')).stderr).toContain('not installed');
  expect(
    await vm.must(
      'pgrep -fa [p]trap-guard; pgrep -fa dist/[s]rc; systemctl list-units -q --all "ptrap@*"; true',
    ),
  ).toBe('');
  const after = await everything();
  expect({
    more: after.filter(line => !before.includes(line)),
    less: before.filter(line => !after.includes(line)),
  }).toEqual({ more: [], less: [] });
});
