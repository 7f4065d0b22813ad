import { styleText } from 'node:util';
import type { Event } from '../events.js';
import { harmless } from '../sys/text.js';
import type { Outlet } from '../sys/unblocked.js';
import { openWriter } from '../sys/writer.js';
import { jsonLine } from './json.js';
import { prettyEvent, type Style } from './pretty.js';

/** What the pipeline may tell the outside world. Everything that is not a result goes to stderr. */
export interface Output {
  /** One event of the contract, shown as `--output` asks. */
  event(event: Event): void;
  /** A note for the person at the terminal, on stderr. */
  say(line: string): void;
  /** Text meant for a person: on stdout, or on stderr where stdout carries JSON. */
  print(text: string): void;
  /** Aborted when nobody reads stdout any more (EPIPE) or it cannot be written: time to stop. */
  readonly closed: AbortSignal;
  /** How many results the reader of stdout has been too slow for so far; undefined where there is no stdout. */
  unwritten?(): number;
}

/** An output with an end. */
export interface OpenOutput extends Output {
  /** Waits for the readers, as long as they take something, and says how many lines they were too slow for. */
  finish(): Promise<void>;
}

/** Neither of them may block. */
interface Streams {
  stdout: Outlet;
  stderr: Outlet;
}

/** Opens stdout and stderr for one `--output` mode. Neither a closed nor a slow reader can harm ptrap. */
export function openOutput(mode: 'pretty' | 'json' | 'quiet', { stdout, stderr }: Streams): OpenOutput {
  const results = openWriter(stdout);
  const notes = openWriter(stderr);
  const say = (line: string) => notes.write(`${harmless(`ptrap: ${line}`)}\n`);

  return {
    closed: results.failed,
    unwritten: results.dropped,
    say,
    print(text) {
      const [to, stream] = mode === 'json' ? [notes, stderr] : [results, stdout];
      to.write(`${emphasised(text.replace(/\n$/, ''), styleOf(stream).colour)}\n`);
    },
    event(event) {
      if (mode === 'quiet') return;
      const isVital = event.type !== 'sighting';
      if (mode === 'json') results.write(jsonLine(event), isVital);
      else if (isVital) notes.write(joined(prettyEvent(event, styleOf(stderr))), isVital);
      else results.write(joined(prettyEvent(event, styleOf(stdout))));
    },
    async finish() {
      await results.drained();
      if (results.dropped() > 0)
        say(`${results.dropped()} results were not written: their reader was too slow`);
      if (notes.dropped() > 0)
        say(`${notes.dropped()} notes like this one were not written: their reader was too slow`);
      if (results.failed.aborted && !isBrokenPipe(results.failed.reason)) {
        say(`stdout cannot be written: ${String(results.failed.reason)}`);
      }
      await notes.drained();
    },
  };
}

function joined(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join('');
}

/**
 * Bold, underlined and the six colours, on and off, as `pstree -H` points something out; ESC ( B and SI come with
 * a terminal's reset. Nothing that hides text or moves the cursor.
 */
const EMPHASIS = /\u001b\[(?:(?:[014]|2[24]|3[1-69])(?:;(?:[014]|2[24]|3[1-69]))*)?m|\u001b\(B|\u000f/g;

/** Text of a command: its emphasis stays where there are colours and goes where there are none; the rest is harmless. */
function emphasised(text: string, colour: boolean): string {
  const marks = text.match(EMPHASIS) ?? [];
  const pieces = text.split(EMPHASIS).map(harmless);
  if (!colour || marks.length === 0) return pieces.join('');
  return `${pieces.map((piece, index) => piece + (marks[index] ?? '')).join('')}\u001b[0m`;
}

/** Width and colours of a stream; node decides on colours by terminal, NO_COLOR and FORCE_COLOR. */
export function styleOf(stream: Outlet): Style {
  return {
    colour: styleText('bold', 'x', { stream }) !== 'x',
    ...(stream.isTTY && { columns: stream.columns }),
  };
}

function isBrokenPipe(reason: unknown): boolean {
  return (reason as NodeJS.ErrnoException).code === 'EPIPE';
}
