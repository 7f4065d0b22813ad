import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { prettyEvent } from '../../src/report/pretty.js';
import { BOX } from './coverage/forwarded.js';
import { openNamespace, type Namespace } from './namespace.js';
import { startWatch, type Watch } from './watch.js';

/** Real containers on this kernel, in a network namespace of their own behind this one, as behind an engine's bridge. */

const PACKAGES = fileURLToPath(new URL('../../.cache/vm/containers', import.meta.url));
const CGROUP = `/ptrap-test-${process.pid}`;
const TARGET = '10.77.0.2:8080/tcp';
/** Connects again and again; busybox is all that is in there. */
const SEND = 'while :; do sleep 4 | nc 10.77.0.2 8080; done';

const SET_UP = `
mount -t tmpfs ptrap-test /var/lib
mount -t overlay -o lowerdir=${PACKAGES}/usr:/usr overlay /usr
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -n -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/rootfs/{usr,bin,dev,proc,sys,etc,tmp,run}
cp "$(command -v busybox)" /run/rootfs/bin/busybox
for name in sh sleep nc; do ln -s busybox /run/rootfs/bin/$name; done
mkdir -p /sys/fs/cgroup${CGROUP}
${BOX}`;

/** As little as podman asks for where systemd does not run, and no controller is to be had. */
const PODMAN = `podman --cgroup-manager=cgroupfs run -d --replace --name web-1 --cgroup-parent ${CGROUP} --network ns:/run/netns/box --log-driver none \\
  --privileged --pids-limit=0 --ulimit nofile=512:512 --ulimit nproc=100:100 --rootfs /run/rootfs /bin/sh -c '${SEND}'`;

/** In the cgroup that its unit would have. */
const NSPAWN = `unit=/sys/fs/cgroup${CGROUP}/systemd-nspawn@my-box.service; mkdir $unit
(echo 0 > $unit/cgroup.procs; exec systemd-nspawn -q --keep-unit --register=no --directory=/run/rootfs --network-namespace-path=/run/netns/box \\
  -M my-box /bin/sh -c '${SEND}') < /dev/null > /dev/null 2>&1 &`;

/** In nobody's care: a process in namespaces of its own, which is no container to anybody. */
const UNSHARE = `group=/sys/fs/cgroup${CGROUP}/plain; mkdir $group
(echo 0 > $group/cgroup.procs; exec ip netns exec box unshare --pid --fork --mount-proc sh -c '${SEND.replace('nc', 'busybox nc')}') < /dev/null > /dev/null 2>&1 &`;

const END = `[ ! -e /sys/fs/cgroup${CGROUP} ] || { echo 1 > /sys/fs/cgroup${CGROUP}/cgroup.kill
  until find /sys/fs/cgroup${CGROUP} -depth -mindepth 1 -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done; }`;

let namespace: Namespace;
let watch: Watch | undefined;
beforeAll(async () => {
  if (!existsSync(PACKAGES)) throw new Error(`${PACKAGES} is missing. Run: bash scripts/vm/prepare.sh`);
  namespace = await openNamespace();
  await namespace.must(`set -e\n${SET_UP}`);
  namespace.spawn('perl', ['test/senders/coverage/server.pl', '8080'], { far: true });
});
afterEach(async () => {
  await watch?.end('SIGINT');
  watch = undefined;
  await namespace.must(END);
});
afterAll(async () => {
  await namespace?.must(`${END}; rmdir /sys/fs/cgroup${CGROUP}`);
  await namespace?.[Symbol.asyncDispose]();
});

/** The first sighting of a container’s sender, who that is, and what its start has printed. @param start runs once ptrap is ready */
async function seen(
  args: readonly string[],
  start = '',
): Promise<{ sighting: Sighting; sender: ProcessInfo; output: string }> {
  watch = await startWatch(namespace, ['-c', '--hold', 'none', '--source', 'nflog', ...args, TARGET]);
  const output = await namespace.must(start);
  const isNamed = ({ resolution }: Sighting) =>
    resolution.status === 'resolved' && resolution.processes.length > 0;
  const sighting = await watch.sighting(isNamed);
  if (sighting.resolution.status !== 'resolved') throw new Error('unresolved');
  const [sender] = sighting.resolution.processes;
  for (const line of prettyEvent(sighting, { colour: false })) console.log(line);
  return { sighting, sender: sender!, output };
}

const netnsOfBox = async () => Number(await namespace.must('stat -L -c %i /run/netns/box'));
const statusOf = (pid: number) => readFileSync(`/proc/${pid}/status`, 'latin1');

describe('a container’s sender, from the host with --forwarded', () => {
  it('podman: its id, runtime, network namespace and both pids are told', async () => {
    const { sender, sighting, output } = await seen(['--forwarded'], PODMAN);
    const id = output.trim().split('\n').at(-1)!;
    console.log(JSON.stringify(sighting));
    expect(sender).toMatchObject({ comm: 'nc', container: id, runtime: 'podman', netns: await netnsOfBox() });
    expect(sender.cgroup).toBe(`${CGROUP}/libpod-${id}`);
    expect(statusOf(sender.pid)).toContain(`\nNSpid:\t${sender.pid}\t${sender.nsPid}\n`);
    expect(sighting.flow).toMatchObject({ iif: 'box0', src: { address: '10.66.0.2' } });
  });

  it('systemd-nspawn: its name, runtime, network namespace and both pids are told', async () => {
    const { sender } = await seen(['--forwarded'], NSPAWN);
    expect(sender).toMatchObject({
      comm: 'nc',
      container: 'my-box',
      runtime: 'systemd-nspawn',
      unit: 'systemd-nspawn@my-box.service',
      netns: await netnsOfBox(),
    });
    expect(statusOf(sender.pid)).toContain(`\nNSpid:\t${sender.pid}\t${sender.nsPid}\n`);
  });

  it('unshare: no container, but the network namespace and both pids are told', async () => {
    const { sender } = await seen(['--forwarded'], UNSHARE);
    expect(sender).toMatchObject({ container: null, netns: await netnsOfBox() });
    expect(sender).not.toHaveProperty('runtime');
    expect(statusOf(sender.pid)).toContain(`\nNSpid:\t${sender.pid}\t${sender.nsPid}\n`);
  });
});

describe('inside a container, with --netns', () => {
  it('podman: by name, and by the beginning of its id', async () => {
    const id = (await namespace.must(PODMAN)).trim().split('\n').at(-1)!;
    for (const name of ['web-1', id.slice(0, 12)]) {
      const { sender } = await seen(['--netns', name]);
      expect(sender).toMatchObject({ container: id, runtime: 'podman' });
      await watch?.end('SIGINT');
      watch = undefined;
    }
  });

  it('systemd-nspawn: by name', async () => {
    await namespace.must(NSPAWN);
    const { sender } = await seen(['--netns', 'my-box']);
    expect(sender).toMatchObject({ container: 'my-box', runtime: 'systemd-nspawn' });
  });
});
