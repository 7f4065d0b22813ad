import koffi from 'koffi';

/** Functions of the C library that Node has no way to call, and their constants, which are the same on all machines that npm `koffi` has binaries for. */

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** Numbers that SO_MEMINFO gives, and which of them is that of drops (SK_MEMINFO_* of linux/sock_diag.h). */
const MEMINFO = { numbers: 9, drops: 8 };
const MSG_DONTWAIT = 0x40;
const CLONE_NEWNET = 0x40000000;
const O_CLOEXEC = 0o2000000;

const library = koffi.load(null);
const declare = (prototype: string) => library.func(prototype) as (...args: unknown[]) => number;
const socket = declare('int socket(int domain, int type, int protocol)');
const bind = declare('int bind(int socket, const void *address, unsigned int length)');
const setsockopt = declare(
  'int setsockopt(int socket, int level, int name, const void *value, unsigned int length)',
);
const getsockopt = declare('int getsockopt(int socket, int level, int name, void *value, void *length)');
const recv = declare('long recv(int socket, void *buffer, size_t length, int flags)');
const setns = declare('int setns(int fd, int nstype)');
const openByHandleAt = declare('int open_by_handle_at(int mount, const void *handle, int flags)');

/** What a call gave, or the errno as a negative number. */
function orErrno(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

/** socket(2) for netlink(7): gives the descriptor, or the errno as a negative number. */
export function netlinkSocket(protocol: number): number {
  return orErrno(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

/** bind(2) to a port that the kernel chooses, and to multicast groups, one bit each. Gives 0, or the errno as a negative number. */
export function bindNetlink(fd: number, groups: number): number {
  const address = Buffer.alloc(12); // struct sockaddr_nl
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_NETLINK;
  new Uint32Array(address.buffer, address.byteOffset + 8, 1)[0] = groups;
  return orErrno(bind(fd, address, address.length));
}

/** Has the kernel keep so many bytes for us: as far as net.core.rmem_max allows, or beyond that where we may. */
export function setReceiveBuffer(fd: number, bytes: number, isBeyondMax: boolean): void {
  const value = Buffer.from(Int32Array.of(bytes).buffer);
  const set = (name: number) => setsockopt(fd, SOL_SOCKET, name, value, value.length) === 0;
  if (!(isBeyondMax && set(SO_RCVBUFFORCE))) set(SO_RCVBUF);
}

/** How many messages there was no room for; 0 where the kernel does not say (before 4.12). */
export function receiveDrops(fd: number): number {
  const numbers = new Uint32Array(MEMINFO.numbers);
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers, Int32Array.of(numbers.byteLength));
  return numbers[MEMINFO.drops]!;
}

/** recv(2) without waiting: gives the length, or the errno as a negative number. */
export function receive(fd: number, buffer: Buffer): number {
  return orErrno(recv(fd, buffer, buffer.length, MSG_DONTWAIT));
}

/** setns(2): this thread is in that network namespace from now on. Gives 0, or the errno as a negative number. */
export function enterNetworkNamespace(fd: number): number {
  return orErrno(setns(fd, CLONE_NEWNET));
}

/**
 * open_by_handle_at(2), for reading.
 * @param mount descriptor of anything in the file system
 * @param handle its bytes (f_handle)
 * @returns the descriptor, or the errno as a negative number
 */
export function openByHandle(mount: number, type: number, handle: Uint8Array): number {
  const header = Buffer.from(Int32Array.of(handle.length, type).buffer); // struct file_handle
  return orErrno(openByHandleAt(mount, Buffer.concat([header, handle]), O_CLOEXEC));
}
