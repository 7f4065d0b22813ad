import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { ownPackage } from '../sys/own-package.js';
import { missingCapabilities, neededCapabilities } from '../sys/requirements.js';
import { ask } from '../sys/exec.js';
import type { Facts } from './facts.js';
import { managers } from './packages.js';
import { pathOf, readVersion } from './tools.js';

/** What the running kernel and the distribution say of themselves. */
export async function lookAtMachine(): Promise<Facts['machine']> {
  const osRelease = read('/etc/os-release') ?? read('/usr/lib/os-release') ?? '';
  const paths = await Promise.all(managers.map(pathOf));
  return {
    kernel: release(),
    arch: arch(),
    distribution: field(osRelease, 'PRETTY_NAME') ?? 'an unknown distribution',
    distributionId: field(osRelease, 'ID') ?? '',
    manager: managers[paths.findIndex(path => path !== undefined)] ?? null,
    hasModules: existsSync(`/lib/modules/${release()}`),
    hasBtf: existsSync('/sys/kernel/btf/vmlinux'),
    lockdown: /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1] ?? null,
    hasCgroup2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
  };
}

/** Who runs ptrap, and with which node; and with which one it would be run by sudo. */
export async function lookAtPrivileges(): Promise<Facts['privileges']> {
  const uid = process.getuid?.() ?? -1;
  return {
    uid,
    bySudo: uid === 0 && process.env['SUDO_UID'] !== undefined,
    missing: missingCapabilities(
      read('/proc/self/status') ?? '',
      neededCapabilities({ execUser: undefined }),
    ),
    node: {
      path: process.execPath,
      version: process.versions.node,
      needed: ownPackage().engines.node.replace('>=', ''),
    },
    ...(uid !== 0 && { sudoNode: await nodeOfSudo() }),
  };
}

/** sudo looks in its own secure_path (sudoers(5)), which is the system's folders and nothing of the user's. */
async function nodeOfSudo(): Promise<{ path: string; version: string } | null> {
  const path = await pathOf('node');
  if (path === undefined) return null;
  const { stdout } = await ask(path, ['--version']);
  return { path, version: readVersion(stdout) };
}

/** Names of the kernel modules that are loaded. */
export function loadedModules(): string[] {
  return (read('/proc/modules') ?? '').split('\n').flatMap(line => line.split(' ')[0] || []);
}

/** A value of os-release(5), without its quotes. */
export function field(osRelease: string, name: string): string | undefined {
  return new RegExp(`^${name}=["']?(.*?)["']?$`, 'm').exec(osRelease)?.[1];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there, or not for us to see
  }
}
