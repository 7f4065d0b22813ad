import { existsSync, readFileSync } from 'node:fs';

/** A package as package-lock.json has it. */
interface Locked {
  /** Where it is installed, from the checkout's root on. */
  path: string;
  integrity?: string;
  version?: string;
  /** An address to take it from, instead of the registry. */
  resolved?: string;
  /** A folder in its place. */
  link?: boolean;
  hasInstallScript?: boolean;
  /** Needed for development only; `devOptional`: or by a package that can do without. */
  dev?: boolean;
  devOptional?: boolean;
  /** Of one kind of machine only, as npm's `os`, `cpu` and `libc` say. */
  optional?: boolean;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Omit<Locked, 'path'>>;
};

/** Every package but ptrap itself. */
export const lockedPackages: readonly Locked[] = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ path, ...locked }));

const root = new URL('../../', import.meta.url);

/** Those that ptrap may load on this machine. */
export const runtimePackages = lockedPackages.filter(
  ({ dev, devOptional, optional, path }) =>
    !dev && !devOptional && (!optional || existsSync(new URL(path, root))),
);
