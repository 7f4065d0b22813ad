import { ownFolder } from './own-package.js';

const isCompiled = !import.meta.url.endsWith('.ts');

/** The file of a program of our own, by its path below `src` without an ending: wherever the code lies that asks. */
export function ownFile(path: string): string {
  return `${ownFolder()}${isCompiled ? `dist/src/${path}.js` : `src/${path}.ts`}`;
}

/** The same as arguments for node. */
export function ownProgram(path: string): string[] {
  return isCompiled ? [ownFile(path)] : ['--import', 'tsx', ownFile(path)];
}
