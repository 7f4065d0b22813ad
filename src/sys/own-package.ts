import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The part of our own package.json that ptrap asks about itself. */
interface OwnPackage {
  version: string;
  engines: { node: string };
}

/** The folder of this installation: above `src`, or two up when we run compiled from `dist/src`. */
export function ownFolder(): string {
  const places = ['../../', '../../../'].map(place => fileURLToPath(new URL(place, import.meta.url)));
  const folder = places.find(place => existsSync(`${place}package.json`));
  if (folder === undefined) throw new Error('the package.json of this installation is missing');
  return folder;
}

/** Reads this installation's package.json. */
export function ownPackage(): OwnPackage {
  return JSON.parse(readFileSync(`${ownFolder()}package.json`, 'utf8')) as OwnPackage;
}
