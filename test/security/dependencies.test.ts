import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lockedPackages, runtimePackages } from './locked.js';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
const text = read('docs/dependencies.md');

/** The packages in the table under a heading; each must have a reason. */
function listed(heading: string): string[] {
  const [section = ''] = text.split(`## ${heading}\n`)[1]?.split('\n## ') ?? [];
  return [...section.matchAll(/^\| `([^`]+)` +\| (\S.*?) +\|/gm)].map(([, name]) => name!);
}

describe('docs/dependencies.md', () => {
  it('lists each dependency of package.json, and no other', () => {
    expect(listed('At run time').sort()).toEqual(Object.keys(dependencies!).sort());
    expect(listed('For development').sort()).toEqual(Object.keys(devDependencies!).sort());
  });
});

describe('package-lock.json', () => {
  it('names each package by its hash', () => {
    expect(lockedPackages.length).toBeGreaterThan(100);
    for (const { path, integrity } of lockedPackages)
      expect(integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  });

  it('takes each by name and version from a registry, none from git, a folder or an address', () => {
    for (const { path, version, resolved, link } of lockedPackages) {
      expect([resolved, link], path).toEqual([undefined, undefined]);
      expect(version, path).toMatch(/^\d+\.\d+\.\d+(-[\w.-]+)?$/);
    }
  });

  it('has two packages with an install script at run time, which is not needed: their binaries lie ready', () => {
    const withScript = runtimePackages.filter(({ hasInstallScript }) => hasInstallScript);
    expect(withScript.map(({ path }) => path)).toEqual(['node_modules/koffi', 'node_modules/netlink']);
    const binaries = [
      `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
      `netlink/prebuilds/linux-${process.arch}/node.napi.node`,
    ];
    for (const binary of binaries)
      expect(existsSync(new URL(`node_modules/${binary}`, root)), binary).toBe(true);
    for (const built of ['netlink/build', 'koffi/build'])
      expect(existsSync(new URL(`node_modules/${built}`, root)), built).toBe(false);
  });
});
