import { isoTime } from '../sys/clock.js';

/** A kernel message from the journal. */
export interface JournalEntry {
  /** Where journalctl is to go on after it. */
  cursor: string;
  /** When journald received it: ISO 8601 with microseconds, UTC. */
  at: string;
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
  const { MESSAGE: message, __CURSOR: cursor, __REALTIME_TIMESTAMP: microseconds } = fields;
  if (typeof message !== 'string' || typeof cursor !== 'string') return undefined;
  if (typeof microseconds !== 'string' || !/^\d{16}$/.test(microseconds)) return undefined;
  return { cursor, at: isoTime(microseconds), message };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // a line that journalctl was killed in the middle of
  }
}
