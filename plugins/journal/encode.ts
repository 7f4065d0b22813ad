import type { Value } from './fields.js';

const LINE_END = Buffer.from('\n');

/**
 * An entry as a datagram of journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). Every value is written
 * in the binary form, after its length: whatever is in it, it cannot end its field and begin another.
 */
export function encode(entry: readonly Value[]): Buffer {
  return Buffer.concat(
    entry.flatMap(([name, value]) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      return [Buffer.from(`${name}\n`), length, bytes, LINE_END];
    }),
  );
}
