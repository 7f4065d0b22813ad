import { stripVTControlCharacters } from 'node:util';
import type { Ready } from '../../events.js';
import { visible } from '../../sys/text.js';
import { openOutput, type OpenOutput } from '../output.js';
import { openLater } from './later.js';
import { show, type LiveStreams, type Showing } from './show.js';
import type { Display } from './terminal.js';

/**
 * `--output live`: from `ready` to the end, a table of who sends what. What is said and printed meanwhile is shown below
 * it, and is printed like any when the terminal has been given back: when the end is asked for by a key, or begins.
 */
export function openLive(streams: LiveStreams): OpenOutput {
  const plain = openOutput('pretty', streams);
  const quit = new AbortController();
  const later = openLater();
  let showing: Showing | undefined;
  let opened = Promise.resolve();
  let isPlain = false;

  function end(): void {
    showing?.end();
    showing = undefined;
    later.run();
  }
  function note(text: string): void {
    for (const line of text.trimEnd().split('\n'))
      showing?.table.note(visible(stripVTControlCharacters(line)));
    showing?.change();
  }
  /** Prints it now where that does no harm to the table. */
  function tell(text: string, stream: Display, print: () => void): void {
    note(text);
    if (showing && stream.isTTY) later.add(text.length, print);
    else print();
  }
  function begin(ready: Ready): void {
    showing = show(ready, streams, () => {
      end();
      quit.abort();
    });
    opened = showing.opened.catch(error => {
      end();
      isPlain = true;
      plain.say(`the table cannot be shown: ${String(error)}`);
    });
  }

  return {
    closed: AbortSignal.any([plain.closed, quit.signal]),
    unwritten: plain.unwritten!,
    say: line => tell(line, streams.stderr, () => plain.say(line)),
    print: text => tell(text, streams.stdout, () => plain.print(text)),
    event(event) {
      if (event.type === 'sighting' && !isPlain) return showing?.add(event);
      if (event.type === 'summary') end();
      plain.event(event);
      if (event.type === 'ready') begin(event);
    },
    async finish() {
      end();
      await opened;
      if (later.dropped() > 0) plain.say(`${later.dropped()} notes and texts were too many to keep`);
      await plain.finish();
    },
  };
}
