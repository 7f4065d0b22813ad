import { harmless } from '../sys/text.js';
import { unblocked } from '../sys/unblocked.js';
import { openWriter } from '../sys/writer.js';

/**
 * Writes lines and resolves when they have been taken, so that ending the process cuts nothing off; or when their
 * reader has gone or takes nothing any more: there is nobody left to tell.
 */
export async function printLines(
  stream: NodeJS.WriteStream & { fd: number },
  lines: readonly string[],
): Promise<void> {
  const writer = openWriter(unblocked(stream));
  for (const line of lines) writer.write(`${harmless(line)}\n`);
  await writer.drained();
}
