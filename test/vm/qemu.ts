import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, on the host and in the guest alike. */
export const repository = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

const cache = join(repository, '.cache/vm');
const program = 'qemu-system-x86_64';

/** Kernel command line: no serial chatter, nothing that only costs time under emulation. */
const kernelArguments = [
  'console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off cryptomgr.notests tsc=reliable clocksource=tsc no_timer_check',
  'systemd.unit=ptrap-vm.target systemd.show_status=false systemd.default_timeout_start_sec=300',
];

/** Units that sysinit.target pulls in and a test has no use for. */
const masked = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'modprobe@configfs.service',
  'modprobe@dm_mod.service',
  'modprobe@fuse.service',
  'modprobe@loop.service',
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'systemd-binfmt.service',
  'systemd-hwdb-update.service',
  'systemd-machine-id-commit.service',
  'systemd-pstore.service',
  'systemd-random-seed.service',
  'systemd-sysusers.service',
  'systemd-udev-trigger.service',
  'systemd-udevd.service',
  'systemd-update-done.service',
  'systemd-update-utmp.service',
  'tmp.mount',
];

/** The kernel release that scripts/vm/prepare.sh unpacked. @throws when something is missing, saying what to run */
export function preparedKernel(): string {
  const absent =
    [join(cache, 'release'), join(cache, 'initramfs.gz')].find(path => !existsSync(path)) ??
    ((process.env['PATH'] ?? '').split(delimiter).some(dir => existsSync(join(dir, program)))
      ? null
      : program);
  if (absent) throw new Error(`${absent} is missing. Run: bash scripts/vm/prepare.sh`);
  return readFileSync(join(cache, 'release'), 'utf8').trim();
}

function virtfs(tag: string, path: string): string[] {
  const id = `local,path=${path.replaceAll(',', ',,')},mount_tag=${tag}`;
  return ['-virtfs', `${id},security_model=none,readonly=on,multidevs=remap`];
}

/** Starts the guest; its console is the child's stdout, its agent connects to `socket`. The kernel kills it with us. */
export function startQemu(socket: string): ChildProcess {
  const append = [
    ...kernelArguments,
    ...masked.map(unit => `systemd.mask=${unit}`),
    `"PTRAP_REPO=${repository}" "PTRAP_NODE=${process.execPath}"`,
  ].join(' ');
  const args = [
    ...['--pdeathsig', 'KILL', program, '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '2G'],
    ...['-kernel', join(cache, 'kernel/boot', `vmlinuz-${preparedKernel()}`)],
    ...['-initrd', join(cache, 'initramfs.gz'), '-append', append],
    ...virtfs('root', '/'),
    ...virtfs('repo', repository),
    ...['-chardev', `socket,id=agent,path=${socket}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=agent'],
  ];
  return spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}
