import { readFileSync } from 'node:fs';

/** A package as package-lock.json has it. */
interface Locked {
  /** Where it is installed, from the checkout's root on. */
  path: string;
  integrity?: string;
  hasInstallScript?: boolean;
  /** Needed for development only; `devOptional`: or by a package that can do without. */
  dev?: boolean;
  devOptional?: boolean;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Omit<Locked, 'path'>>;
};

/** Every package but ptrap itself. */
export const lockedPackages: readonly Locked[] = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ path, ...locked }));

/** Those without which ptrap does not run. */
export const runtimePackages = lockedPackages.filter(({ dev, devOptional }) => !dev && !devOptional);
