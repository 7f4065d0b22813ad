/** A kernel message from the journal. */
export interface JournalEntry {
  /** Where journalctl is to go on after it. */
  cursor: string;
  /** When journald received it, in µs since the epoch and of CLOCK_MONOTONIC; and when the kernel said it, in µs of its own clock. */
  received: number;
  receivedMonotonic: number;
  said: number;
  message: string;
}

/**
 * Reads one line of `journalctl -o json` (systemd.journal-fields(7)). Only what the kernel itself said counts: not
 * what `logger` sends (another transport), not what a process writes to /dev/kmsg (the kernel gives that facility 1
 * or higher, never 0). Undefined for all else, and for text that is no JSON.
 */
export function parseJournalLine(line: string): JournalEntry | undefined {
  const fields = parseObject(line);
  if (fields?.['_TRANSPORT'] !== 'kernel' || fields['SYSLOG_FACILITY'] !== '0') return undefined;
  const { MESSAGE: message, __CURSOR: cursor } = fields;
  if (typeof message !== 'string' || typeof cursor !== 'string') return undefined;
  const received = microseconds(fields['__REALTIME_TIMESTAMP']);
  if (received === undefined || received < 1e15) return undefined; // so many digits has any time since 2001
  const receivedMonotonic = microseconds(fields['__MONOTONIC_TIMESTAMP']) ?? 0;
  const said = microseconds(fields['_SOURCE_MONOTONIC_TIMESTAMP']) ?? receivedMonotonic;
  return { cursor, received, receivedMonotonic, said, message };
}

function microseconds(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // a line that journalctl was killed in the middle of
  }
}
