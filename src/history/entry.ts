import { event, type Sighting } from '../events.js';

/** A sighting as the journal has it, and the machine that saw it. */
export interface Recorded {
  host: string;
  sighting: Sighting;
}

/** Reads one line of `journalctl -o json`; undefined for one that holds no sighting that we could read. */
export function readEntry(line: string): Recorded | undefined {
  const entry = parse(line) as { PTRAP_SIGHTING?: unknown; _HOSTNAME?: unknown } | undefined;
  if (typeof entry?.PTRAP_SIGHTING !== 'string') return undefined;
  const { data, success } = event.safeParse(parse(entry.PTRAP_SIGHTING));
  if (!success || data.type !== 'sighting') return undefined;
  return { host: typeof entry._HOSTNAME === 'string' ? entry._HOSTNAME : '', sighting: data };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short, or none of ours
  }
}
