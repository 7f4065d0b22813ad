import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startOn, type Child, type ChildPipes } from '../sys/exec.js';
import { ownSockets } from './descriptor.js';
import { askPromptly, type Asked } from './prompt.js';
import { refusal } from './socket.js';

/** A netlink socket that a child reads while this process goes on to write to it. */
export interface SharedNetlink extends Asked, Disposable {
  /** Gives the socket to a child as its stdin; from then on that reads all that comes. */
  share(file: string, args: readonly string[], pipes: ChildPipes): Omit<Child, 'stdin'>;
  /** Sends whole messages; what the kernel answers, the child reads. False where they could not be sent. */
  send(messages: Buffer): boolean;
}

/** What npm `netlink` makes its sockets of: the event loop reads one from when that is bound, or sends, by its own methods. */
interface Native {
  setRecvBufferSize(bytes: number): void;
  setSendBufferSize(bytes: number): void;
  close(): void;
}
type NativeClass = new (
  protocol: number,
  messageBytes: number,
  onMessage: () => void,
  onError: () => void,
) => Native;

const SEND_BYTES = 1 << 16;
const ignore = (): void => undefined;

/**
 * Opens a netlink socket that this process's event loop does not read.
 * @param queueBytes the kernel's buffer for it, as far as net.core.rmem_max allows
 * @throws PTRAP_E_NETLINK when the kernel does not have the protocol
 */
export function openSharedNetlink(protocol: number, queueBytes: number): SharedNetlink {
  const before = ownSockets();
  const native = openNative(protocol, queueBytes);
  const [, fd = NaN] = [...ownSockets()].find(([link]) => !before.has(link)) ?? [];
  let isOpen = true;
  return {
    request: askPromptly(fd).request,
    share: (file, args, pipes) => startOn(fd, pipes, file, args),
    send(messages) {
      if (!isOpen) return false; // the descriptor may be somebody else's by now
      try {
        return writeSync(fd, messages) === messages.length;
      } catch {
        return false; // the kernel has no memory left
      }
    },
    [Symbol.dispose]() {
      isOpen = false;
      native.close();
    },
  };
}

function openNative(protocol: number, queueBytes: number): Native {
  const { resolve } = createRequire(import.meta.url);
  const entry = resolve('netlink');
  const load = createRequire(entry)('node-gyp-build') as (folder: string) => { NativeNetlink: NativeClass };
  const { NativeNetlink } = load(join(dirname(entry), '..'));
  try {
    const native = new NativeNetlink(protocol, 0, ignore, ignore);
    native.setRecvBufferSize(queueBytes);
    native.setSendBufferSize(SEND_BYTES);
    return native;
  } catch (error) {
    throw refusal(error);
  }
}
