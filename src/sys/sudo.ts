import { basename, dirname } from 'node:path';
import { SYSTEM_PATH } from './exec.js';

/**
 * The beginning of a command line that runs this ptrap under sudo where plain `sudo ptrap` would not: sudo looks for ptrap,
 * and ptrap's first line for node, only in the system's folders (`secure_path`, sudoers(5)), and nvm, fnm, volta and npm's
 * prefix lie below a home. Undefined where sudo finds both.
 * @param node the node that runs, `process.execPath`
 * @param script what it was told to run, `process.argv[1]`
 */
export function sudoLine(node: string, script: string | undefined): string | undefined {
  if (script === undefined) return undefined;
  const isCommand = basename(script) === 'ptrap';
  if (isInSystem(node) && (isInSystem(script) || !isCommand)) return undefined;
  return ['sudo', node, script].map(quoted).join(' ');
}

const isInSystem = (file: string): boolean => SYSTEM_PATH.split(':').includes(dirname(file));

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
