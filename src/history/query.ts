import { MESSAGE_ID } from '../../plugins/journal/fields.js';

/** Which entries of the journal are asked for; what is undefined does not narrow. */
export interface Query {
  /** Times as journalctl takes them (systemd.time(7)). */
  since?: string | undefined;
  until?: string | undefined;
  /** Full path of the program. */
  exe?: string | undefined;
  unit?: string | undefined;
  user?: string | undefined;
  /** The machine, as its journal names it. */
  host?: string | undefined;
  /** The one address that was dialled. */
  address?: string | undefined;
  follow?: boolean | undefined;
  /** Journals of all machines that are gathered here, too. */
  merge?: boolean | undefined;
  /** A folder of journal files in place of the system's. */
  directory?: string | undefined;
}

/** How many sightings a bare `--follow` begins with, as journalctl does. */
const RECENT = 10;

/**
 * The arguments of journalctl(1) for a query. Anyone may write an entry with such fields, but `_UID` is journald's own
 * word (systemd.journal-fields(7)): only what root wrote counts.
 */
export function journalArguments(query: Query): string[] {
  const { since, until, follow, merge, directory } = query;
  const matches = {
    MESSAGE_ID,
    _UID: '0',
    PTRAP_EXE: query.exe,
    PTRAP_UNIT: query.unit,
    PTRAP_USER: query.user,
    PTRAP_DST: query.address,
    _HOSTNAME: query.host,
  };
  return [
    ...['--output=json', '--all', '--quiet', '--no-pager', '--output-fields=PTRAP_SIGHTING,_HOSTNAME'],
    ...(since === undefined ? [] : [`--since=${since}`]),
    ...(until === undefined ? [] : [`--until=${until}`]),
    ...(follow ? ['--follow', since === undefined ? `--lines=${RECENT}` : '--no-tail'] : []),
    ...(merge ? ['--merge'] : []),
    ...(directory === undefined ? [] : [`--directory=${directory}`]),
    ...Object.entries(matches).flatMap(([field, value]) =>
      value === undefined ? [] : [`${field}=${value}`],
    ),
  ];
}
