import { beforeAll, expect, it } from 'vitest';
import type { Machine } from '../vm/machine.js';
import { snapshot, useNetwork, wires } from '../vm/network.js';

const SERVER = wires[0]!.server;
/** Exposure, times ten, as systemd-analyze counts it. */
const MOST_EXPOSED = 26;

/** ptrap as a package would install it: with the shipped unit, and a config for each way to hold packets. */
const INSTALL = `set -e
mkdir -p /usr/lib/ptrap /etc/ptrap /run/ptrap
chmod 700 /run/ptrap
mount --bind "$PWD" /usr/lib/ptrap
printf '#!/bin/sh\\nexec %s /usr/lib/ptrap/dist/src/cli.js "$@"\\n' "$(command -v node)" >/usr/bin/ptrap
chmod 755 /usr/bin/ptrap
cp systemd/ptrap@.service /etc/systemd/system/
printf 'export default { targets: ["${SERVER}:53/udp"], output: "json", source: "journal", hold: "netem" };' >/etc/ptrap/netem.config.ts
printf 'export default { targets: ["${SERVER}:53/udp"], output: "json", source: "queue" };' >/etc/ptrap/queue.config.ts
systemctl daemon-reload
`;
const LEFT =
  'pgrep -a nft; pgrep -fa "ptrap[-]guard|dist[/]src"; cat /proc/net/netfilter/nfnetlink_queue; ls -A /run/ptrap';

let vm: Machine;
useNetwork(machine => (vm = machine));
beforeAll(() => vm.must(INSTALL));

const unitOf = (name: string): string => `ptrap@${name}.service`;

/** What it has printed since it was started last. */
const printed = (name: string): Promise<string> =>
  vm.must(`journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID ${unitOf(name)})`);

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 300_000; Date.now() < end;) if (await look()) return;
  throw new Error(`${what}: ${await vm.must('journalctl -n 50 -o cat -u "ptrap@*"')}`);
}

const ready = (name: string) =>
  until(`${name} is not ready`, async () => (await printed(name)).includes('"ready"'));

/** A process that sends, waits for the answer, and stays until it has been named. */
async function senderIsNamed(names: readonly string[]): Promise<void> {
  const sender = vm.start(`exec 3<>/dev/udp/${SERVER}/53; echo x >&3; exec sleep 1000`);
  const pid = await sender.pid();
  for (const name of names)
    await until(`${name} does not name ${pid}`, async () =>
      (await printed(name)).includes(`"processes":[{"pid":${pid},`),
    );
  sender.signal('SIGKILL');
}

const everything = async (): Promise<string> => (await snapshot(vm)) + (await vm.run(LEFT)).stdout;

it('runs in its sandbox, names senders, and leaves nothing: stopped, killed with all its children, restarted', async () => {
  const before = await everything();
  await vm.must(`systemctl start ${unitOf('netem')} ${unitOf('queue')}`, { timeoutMs: 120_000 });
  await Promise.all(['netem', 'queue'].map(ready));
  expect(await printed('netem')).toContain('"hold":{"strategy":"netem"');
  await senderIsNamed(['netem', 'queue']);

  await vm.must(`systemctl kill -s KILL ${unitOf('netem')} ${unitOf('queue')}`);
  for (const name of ['netem', 'queue'])
    await until(`${name} is not restarted`, async () =>
      /^1$/m.test(await vm.must(`systemctl show -P NRestarts ${unitOf(name)}`)),
    );
  await Promise.all(['netem', 'queue'].map(ready));
  await senderIsNamed(['netem', 'queue']);

  await vm.must(`systemctl stop ${unitOf('netem')} ${unitOf('queue')}`, { timeoutMs: 180_000 });
  expect(await vm.must(`systemctl show -P Result ${unitOf('netem')} ${unitOf('queue')}`)).toBe(
    'success\n\nsuccess\n',
  );
  expect(await everything()).toBe(before);
  const analysed = await vm.must(
    `systemd-analyze security --threshold=${MOST_EXPOSED} ${unitOf('netem')} | tail -n 1`,
  );
  console.log(analysed.trim());
});

it('is not restarted where the config is wrong', async () => {
  await vm.must(`printf 'export default { targets: ["a b"] };' >/etc/ptrap/wrong.config.ts`);
  await vm.run(`systemctl start ${unitOf('wrong')}`, { timeoutMs: 120_000 });
  await until('it goes on', async () => (await vm.run(`systemctl is-failed ${unitOf('wrong')}`)).code === 0);
  expect(await printed('wrong')).toContain('PTRAP_E_CONFIG');
  expect(await vm.must(`systemctl show -P NRestarts -P ExecMainStatus ${unitOf('wrong')}`)).toBe('0\n2\n');
});

it('may ask the kernel for a cgroup by its id', async () => {
  const dropIn = `/run/systemd/system/${unitOf('probe')}.d`;
  const script = 'test/long/cgroup-by-id.ts';
  await vm.must(`mkdir -p ${dropIn} && cat >${dropIn}/exec.conf <<END
[Service]
Restart=no
WorkingDirectory=$PWD
ExecStart=
ExecStart=$(command -v node) --import tsx ${script} /sys/fs/cgroup/system.slice/systemd-journald.service
END
systemctl daemon-reload && systemctl start ${unitOf('probe')}`);
  await until('it says nothing', async () => (await printed('probe')) !== '');
  expect(await printed('probe')).toBe('/system.slice/systemd-journald.service\n');
});
