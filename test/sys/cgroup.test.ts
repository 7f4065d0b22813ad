import { describe, expect, it } from 'vitest';
import { parseCgroup, placeOf } from '../../src/sys/cgroup.js';

const id = '3f29cca2a3d1c0b9'.repeat(4);

describe('parseCgroup', () => {
  it('takes the unified hierarchy', () => {
    expect(parseCgroup('0::/system.slice/cron.service\n')).toBe('/system.slice/cron.service');
  });
  it("takes systemd's own in version 1 and in a hybrid set-up that does not use the unified one", () => {
    expect(parseCgroup('4:memory:/x\n1:name=systemd:/user.slice/a.scope\n')).toBe('/user.slice/a.scope');
    expect(parseCgroup('1:name=systemd:/init.scope\n0::/\n')).toBe('/init.scope');
    expect(parseCgroup('1:name=systemd:/\n0::/init.scope\n')).toBe('/init.scope');
  });
  it('keeps a colon in the path, and gives null where there is none', () => {
    expect(parseCgroup('0::/kube:cri-containerd:x\n')).toBe('/kube:cri-containerd:x');
    expect(parseCgroup('')).toBeNull();
    expect(parseCgroup('4:memory:/x\n')).toBeNull();
  });
});

describe('a cgroup with odd line ends in its name', () => {
  it.each(['\r', '\u2028', '\u2029'])('is no way out of being seen: %j', end => {
    const path = parseCgroup(`0::/user.slice/user@1000.service/x${end}y.scope\n`);
    expect(path).toBe(`/user.slice/user@1000.service/x${end}y.scope`);
    expect(placeOf(path).unit).toBe(`x${end}y.scope`);
    expect(placeOf(`/lxc.payload.web${end}1`).container).toBe(`web${end}1`);
  });
});

describe('the unit of a cgroup', () => {
  it.each([
    ['/system.slice/cron.service', 'cron.service'],
    ['/user.slice/user-1000.slice/session-3.scope', 'session-3.scope'],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-1.scope',
      'app-gnome-firefox-1.scope',
    ],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
    ['/system.slice/foo\\x2dbar.service/worker', 'foo\\x2dbar.service'],
    ['/init.scope', 'init.scope'],
    ['/system.slice', null],
    ['/', null],
  ])('%s → %s', (cgroup, unit) => expect(placeOf(cgroup).unit).toBe(unit));
});

/** UIDs of pods, as systemd's slices spell one, and as folders do. */
const pod = '9a1e3b5c-7d2f-4e60-8b1a-0c9d8e7f6a5b';
const podSlice = pod.replaceAll('-', '_');
const other = 'f0'.repeat(32);

describe('the container of a cgroup', () => {
  it.each([
    // docker: systemd driver, cgroupfs driver (also the paths of version 1), with an init system inside, nested
    [`/system.slice/docker-${id}.scope`, id, 'docker'],
    [`/system.slice/docker-${id}.scope/init.scope`, id, 'docker'],
    [`/docker/${id}`, id, 'docker'],
    [`/docker/${id}/system.slice/cron.service`, id, 'docker'],
    [`/docker/${id}/docker/${other}`, other, 'docker'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`, id, 'docker'],
    [`/build.slice/${id}`, id, undefined],
    // podman: as root and rootless, systemd and cgroupfs, with --cgroups=split, in a pod of its own
    [`/machine.slice/libpod-${id}.scope`, id, 'podman'],
    [`/machine.slice/libpod-${id}.scope/container`, id, 'podman'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`, id, 'podman'],
    [`/libpod_parent/libpod-${id}`, id, 'podman'],
    [`/system.slice/web.service/libpod-payload-${id}`, id, 'podman'],
    [`/machine.slice/machine-libpod_pod_${other}.slice/libpod-${id}.scope`, id, 'podman', other],
    [`/machine.slice/libpod-conmon-${id}.scope`, null],
    [`/libpod_parent/conmon`, null],
    // Kubernetes: systemd driver and cgroupfs, of each quality of service, static pods, and below kubelet's own cgroup
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podSlice}.slice/cri-containerd-${id}.scope`,
      id,
      'containerd',
      pod,
    ],
    [`/kubepods.slice/kubepods-pod${podSlice}.slice/crio-${id}.scope`, id, 'cri-o', pod],
    [`/kubepods.slice/kubepods-pod${podSlice}.slice/crio-conmon-${id}.scope`, null],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${podSlice}.slice/docker-${id}.scope`,
      id,
      'docker',
      pod,
    ],
    [`/kubepods/burstable/pod${pod}/${id}`, id, undefined, pod],
    [`/kubepods/pod${'ab'.repeat(16)}/${id}`, id, undefined, 'ab'.repeat(16)],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod${podSlice}.slice:cri-containerd:${id}`,
      id,
      'containerd',
      pod,
    ],
    [
      `/docker/${other}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${podSlice}.slice/cri-containerd-${id}.scope`,
      id,
      'containerd',
      pod,
    ],
    [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`, id, 'containerd'],
    // containerd by itself: nerdctl with systemd and without
    [`/system.slice/nerdctl-${id}.scope`, id, 'containerd'],
    [`/default/${id}`, id, 'containerd'],
    // lxc and lxd: before version 4, in version 4 and later
    ['/lxc/web', 'web', 'lxc'],
    ['/lxc.payload/web', 'web', 'lxc'],
    ['/lxc.payload.web/system.slice/cron.service', 'web', 'lxc'],
    ['/lxc.monitor.web', null],
    // systemd-nspawn: as a service, as a scope of machined's, and nspawn itself; other machines of machined's
    ['/machine.slice/systemd-nspawn@web.service/payload', 'web', 'systemd-nspawn'],
    ['/system.slice/system-systemd\\x2dnspawn.slice/systemd-nspawn@web.service', 'web', 'systemd-nspawn'],
    ['/machine.slice/systemd-nspawn@web.service/supervisor', null],
    ['/machine.slice/machine-foo\\x2dbar.scope/payload/system.slice/a.service', 'foo-bar', 'systemd-nspawn'],
    ['/machine.slice/machine-foo.scope', 'foo', undefined],
    ['/machine.slice/machine-foo.scope/supervisor', null],
    ['/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope/libvirt/emulator', null],
    ['/system.slice/docker.service', null],
    [`/system.slice/docker-${id.slice(1)}.scope`, null],
    ['/', null],
  ] as const)('%s', (cgroup, container, runtime?: string, ofPod?: string) => {
    const { unit: _, ...place } = placeOf(cgroup);
    const wanted = { container, ...(runtime && { runtime }), ...(ofPod && { pod: ofPod }) };
    expect(place).toEqual(wanted);
  });
});
