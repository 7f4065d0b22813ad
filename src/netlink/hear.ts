import { constants } from 'node:os';
import koffi from 'koffi';
import type { Feed, FeedListener } from './feed.js';
import { receive } from './libc.js';

/** A feed that can be read ahead of its time. */
export interface Hearing extends Feed {
  /** Reads all that has come up to now. False where some of it was lost, or is so much that it was not read to its end. */
  catchUp(): boolean;
}

/** No datagram that is heard is longer, in bytes. */
const DATAGRAM_BYTES = 1 << 16;
/** So many are read before others have their turn: what was read together is looked up together. */
const MOST_AT_ONCE = 1024;
/** Whoever needs all that has come waits for so many at the most. */
const MOST_TO_CATCH_UP = 100_000;

/**
 * Hears a netlink socket. npm `netlink` aborts the whole process as soon as the kernel has had more to tell than the
 * socket's buffer held; here that is told, and reading goes on.
 */
export function hear(fd: number, { onMessages, onOverrun }: FeedListener): Hearing {
  const handle = koffi.node.poll(fd, readSome);
  handle.unref();
  const datagram = Buffer.allocUnsafe(DATAGRAM_BYTES);
  let isDisposed = false;
  let isPaused = false;

  /** Gives why it has stopped: nothing waits, some was lost, or there is more. */
  function read(most: number): 'empty' | 'lost' | 'more' {
    for (let left = most; left > 0 && !isDisposed && !isPaused; left -= 1) {
      const length = receive(fd, datagram);
      if (length === -constants.errno.ENOBUFS) {
        onOverrun?.();
        return 'lost';
      }
      if (length < 0) return 'empty';
      onMessages(datagram.subarray(0, length));
    }
    return 'more';
  }

  /** koffi gives node no turn after this: what is promised meanwhile would be kept late, and what is thrown be lost. */
  function readSome(status: unknown): void {
    setImmediate(() => undefined);
    try {
      read(MOST_AT_ONCE);
      if (status !== 0) restart(); // an overrun ends the polling (uv__poll_io of libuv)
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }

  function restart(): void {
    if (!isDisposed && !isPaused) handle.start(readSome);
  }

  return {
    catchUp: () => read(MOST_TO_CATCH_UP) === 'empty',
    pause() {
      if (isPaused || isDisposed) return;
      isPaused = true;
      handle.stop();
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      restart();
    },
    [Symbol.dispose]() {
      if (isDisposed) return;
      isDisposed = true;
      handle.close();
    },
  };
}
