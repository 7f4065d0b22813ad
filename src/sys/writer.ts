import type { Writable } from 'node:stream';

/** Text to a reader that may be slow, stop or go: whoever writes never waits for it. */
export interface Writer {
  /**
   * Writes some whole lines, or drops and counts them where too much waits already.
   * @param isVital they are kept, whatever waits: for what comes but once
   */
  write(text: string, isVital?: boolean): void;
  /** How many texts were not written, or not in full. */
  dropped(): number;
  /** Aborted, with the system's error, when nothing can be written any more: mostly since the reader has gone. */
  readonly failed: AbortSignal;
  /** Waits until all is written, for as long as the reader takes some of it; then gives up the rest, which counts as dropped. */
  drained(): Promise<void>;
}

/** Characters that may wait for a slow reader. */
const MOST_WAITING = 4 * 1024 * 1024;
/** Characters that are written together: what a pipe holds (pipe(7)). */
const MOST_TOGETHER = 65_536;
/** A reader that takes nothing for so long at the end, in ms, is not waited for. */
const STALLED_MS = 1000;

/** Opens a writer on a stream that does not block (see `unblocked`), and that nobody else writes to. */
export function openWriter(stream: Writable): Writer {
  const failed = new AbortController();
  const waiting: string[] = [];
  let length = 0;
  let underWay = 0;
  let dropped = 0;
  let progress: () => void = () => undefined;

  stream.on('error', error => {
    failed.abort(error);
    progress();
  });

  function pump(): void {
    if (underWay > 0 || waiting.length === 0) return;
    let size = 0;
    for (const text of waiting) {
      if (underWay > 0 && size + text.length > MOST_TOGETHER) break;
      size += text.length;
      underWay += 1;
    }
    stream.write(waiting.splice(0, underWay).join(''), error => {
      if (error) return; // told by its event
      underWay = 0;
      length -= size;
      progress();
      pump();
    });
  }

  return {
    failed: failed.signal,
    dropped: () => dropped,
    write(text, isVital = false) {
      if (failed.signal.aborted || text === '') return;
      if (length > MOST_WAITING && !isVital) {
        dropped += 1;
        return;
      }
      waiting.push(text);
      length += text.length;
      pump();
    },
    async drained() {
      while (length > 0 && !failed.signal.aborted) {
        const took = await new Promise<boolean>(resolve => {
          const timer = setTimeout(resolve, STALLED_MS, false);
          progress = () => {
            clearTimeout(timer);
            resolve(true);
          };
        });
        if (took) continue;
        dropped += underWay + waiting.length;
        length = 0;
        waiting.length = 0;
      }
    },
  };
}
