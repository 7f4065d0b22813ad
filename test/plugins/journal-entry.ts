/**
 * Reads a datagram as journald does (systemd.io/JOURNAL_NATIVE_PROTOCOL): a line is a field and its value, or a field
 * alone before the value's length and bytes.
 */
export function decode(bytes: Buffer): Record<string, string[]> {
  const entry: Record<string, string[]> = {};
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\n', at);
    const line = bytes.toString('utf8', at, end);
    const equals = line.indexOf('=');
    at = end + 1;
    if (equals > 0) {
      (entry[line.slice(0, equals)] ??= []).push(line.slice(equals + 1));
      continue;
    }
    const length = Number(bytes.readBigUInt64LE(at));
    at += 8;
    (entry[line] ??= []).push(bytes.toString('utf8', at, at + length));
    at += length;
    if (bytes[at] !== 0x0a) throw new Error('a value without an end');
    at += 1;
  }
  return entry;
}
