import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** sys/socket.h and sys/un.h; O_NONBLOCK and O_CLOEXEC have the same values on all machines that Node runs on. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const PATH_BYTES = 108;

/** Opens a UNIX datagram socket to a path, without waiting; gives its descriptor, or the name of the error: ENOENT. */
export type Connect = (path: string) => number | string;

/**
 * What opens such a socket: Node has none for datagrams, so the C library is called. They are written with fs.write.
 * @throws when there is no `koffi` for this machine
 */
export async function loadConnect(): Promise<Connect> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  type Call = (...args: unknown[]) => number;
  const socket = library.func('int socket(int domain, int type, int protocol)') as Call;
  const connect = library.func('int connect(int socket, const void *address, unsigned int length)') as Call;
  const close = library.func('int close(int descriptor)') as Call;

  return path => {
    const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return getSystemErrorName(-koffi.errno());
    const address = addressOf(path);
    if (connect(descriptor, address, address.length) === 0) return descriptor;
    const errno = koffi.errno() || constants.errno.ECONNREFUSED;
    close(descriptor);
    return getSystemErrorName(-errno);
  };
}

/** `struct sockaddr_un`: the family in host order, and the path up to its NUL. */
function addressOf(path: string): Buffer {
  const address = Buffer.alloc(2 + PATH_BYTES);
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  address.write(path, 2, PATH_BYTES - 1);
  return address;
}
