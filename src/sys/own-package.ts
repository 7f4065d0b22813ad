import { readFileSync } from 'node:fs';

/** The part of our own package.json that ptrap asks about itself. */
interface OwnPackage {
  version: string;
  engines: { node: string };
}

/** Reads this installation's package.json: beside `src`, or one folder up when we run compiled from `dist/src`. */
export function ownPackage(): OwnPackage {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as OwnPackage;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('the package.json of this installation is missing');
}
