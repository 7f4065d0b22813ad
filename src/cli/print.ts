import { harmless } from '../sys/text.js';
import { unblocked } from '../sys/unblocked.js';
import { openWriter } from '../sys/writer.js';

type Stream = NodeJS.WriteStream & { fd: number };

/**
 * Writes lines and resolves when they have been taken, so that ending the process cuts nothing off; or when their
 * reader has gone or takes nothing any more: there is nobody left to tell.
 */
export async function printLines(stream: Stream, lines: readonly string[]): Promise<void> {
  await printPainted(stream, lines.map(harmless));
}

/** The same for lines with colours: what comes from elsewhere has been made harmless in them. */
export async function printPainted(stream: Stream, lines: readonly string[]): Promise<void> {
  const writer = openWriter(unblocked(stream));
  for (const line of lines) writer.write(`${line}\n`);
  await writer.drained();
}
