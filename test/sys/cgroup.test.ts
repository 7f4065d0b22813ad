import { describe, expect, it } from 'vitest';
import { containerOf, parseCgroup, unitOf } from '../../src/sys/cgroup.js';

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
    expect(unitOf(path!)).toBe(`x${end}y.scope`);
    expect(containerOf(`/lxc.payload.web${end}1`)).toBe(`web${end}1`);
  });
});

describe('unitOf', () => {
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
  ])('%s → %s', (cgroup, unit) => expect(unitOf(cgroup)).toBe(unit));
});

describe('containerOf', () => {
  it.each([
    [`/system.slice/docker-${id}.scope`, id],
    [`/system.slice/docker-${id}.scope/init.scope`, id],
    [`/docker/${id}`, id],
    [`/machine.slice/libpod-${id}.scope/container`, id],
    [`/libpod_parent/libpod-${id}`, id],
    [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`, id],
    [`/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`, id],
    [`/kubepods/burstable/pod1/${id}`, id],
    [`/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${id}`, id],
    [`/machine.slice/libpod-conmon-${id}.scope`, null],
    [`/docker/${id}/docker/${id.replaceAll('3', '4')}`, id.replaceAll('3', '4')],
    ['/lxc.payload.web/system.slice/cron.service', 'web'],
    ['/lxc.payload/web', 'web'],
    ['/lxc/web', 'web'],
    ['/machine.slice/machine-foo\\x2dbar.scope', 'foo\\x2dbar'],
    ['/machine.slice/systemd-nspawn@web.service/payload', 'web'],
    ['/system.slice/docker.service', null],
    [`/system.slice/docker-${id.slice(1)}.scope`, null],
    ['/', null],
  ])('%s → %s', (cgroup, container) => expect(containerOf(cgroup)).toBe(container));
});
