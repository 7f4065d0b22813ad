import { readlinkSync } from 'node:fs';

/** A kernel thread, in the first pid namespace; it is in the first network namespace. */
const KTHREADD = 2;

/** File of the first network namespace of the machine; undefined where we are in it, or cannot tell. */
export function firstNetns(): string | undefined {
  const first = `/proc/${KTHREADD}/ns/net`;
  try {
    return readlinkSync(first) === readlinkSync('/proc/self/ns/net') ? undefined : first;
  } catch {
    return undefined; // a container has no such thread, or may not look
  }
}
