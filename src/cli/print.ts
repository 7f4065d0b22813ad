import { harmless } from '../sys/text.js';

/** Writes lines and resolves when they have been taken, so that ending the process cuts nothing off. */
export function printLines(stream: NodeJS.WriteStream, lines: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    stream.on('error', () => resolve()); // its reader is gone: there is nobody left to tell
    stream.write(lines.map(line => `${harmless(line)}\n`).join(''), () => resolve());
  });
}
