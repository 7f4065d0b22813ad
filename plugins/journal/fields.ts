import { jsonLine, type ProcessInfo, type Sender, type Sighting } from 'ptrap';
import { headline } from '../headline.js';
import { fitting } from './fitting.js';

/** Every entry bears it, `MESSAGE_ID` of systemd.journal-fields(7): a number of ptrap's own that means `sighting`. */
export const MESSAGE_ID = '547c8e548188463f8268f6e01262c38a';

/** Most that all fields but PTRAP_SIGHTING take together, and most that one value takes, in bytes. */
const MAX_BYTES = 65_536;
const MAX_VALUE = 4096;

/** What one field of an entry holds. */
interface Field {
  docs: string;
  /** Its values for a sighting, as far as they are known: a field may stand in an entry several times. */
  of(sighting: Sighting): readonly (string | number | null | undefined)[];
}

/** A field of an entry with one of its values. */
export type Value = readonly [name: string, value: string];

const processesOf = ({ resolution }: Sighting): readonly ProcessInfo[] =>
  resolution.status === 'resolved' ? resolution.processes : [];

const senderOf = ({ resolution }: Sighting): Sender | undefined =>
  resolution.status === 'resolved' ? resolution.sender : undefined;

/** A field of each process. */
const each = (docs: string, of: (process: ProcessInfo) => string | number | null): Field => ({
  docs,
  of: sighting => processesOf(sighting).map(of),
});

/** The same, and where no process can be named of what is known of the sender. */
const known = (docs: string, of: (known: ProcessInfo | Sender) => string | number | null): Field => ({
  docs,
  of: sighting => [...processesOf(sighting), senderOf(sighting)].map(one => one && of(one)),
});

const one = (docs: string, of: (sighting: Sighting) => string | number | null | undefined): Field => ({
  docs,
  of: sighting => [of(sighting)],
});

/** The fields of ptrap's own, in the order in which they are written. A value is what was seen, unchanged. */
export const fields: Readonly<Record<string, Field>> = {
  PTRAP_ID: one('the sighting: the instance and a number', ({ id }) => id),
  PTRAP_INSTANCE: one('the run of ptrap that saw it', ({ instance }) => instance),
  PTRAP_TARGET: one('the target that it matched', ({ target }) => target),
  PTRAP_COUNT: one('how many sightings this one stands for', ({ count }) => count),
  PTRAP_STATUS: one('`resolved` or `unresolved`', ({ resolution }) => resolution.status),
  PTRAP_GRADE: one('how sure it is, where resolved', ({ resolution }) =>
    resolution.status === 'resolved' ? resolution.grade : null,
  ),
  PTRAP_REASON: one('why nobody is named, where unresolved', ({ resolution }) =>
    resolution.status === 'unresolved' ? resolution.reason : null,
  ),
  PTRAP_PROTOCOL: one('`udp`, `tcp`, …', ({ flow }) => flow.protocol),
  PTRAP_SRC: one('address that the packet came from', ({ flow }) => flow.src.address),
  PTRAP_SRC_PORT: one('port that it came from', ({ flow }) => flow.src.port),
  PTRAP_DST: one('address that the application dialled', ({ flow }) => flow.dst.address),
  PTRAP_DST_PORT: one('port that it dialled', ({ flow }) => flow.dst.port),
  PTRAP_PID: each('process', ({ pid }) => pid),
  PTRAP_COMM: each('its name', ({ comm }) => comm),
  PTRAP_UID: {
    docs: 'its user, or that of the socket',
    of: sighting => [
      ...processesOf(sighting).map(({ uid }) => uid),
      ...(processesOf(sighting).length > 0 ? [] : [senderOf(sighting)?.uid ?? sighting.flow.uid]),
    ],
  },
  PTRAP_USER: known('the name of that user', ({ user }) => user),
  PTRAP_UNIT: known('its systemd unit', ({ unit }) => unit),
  PTRAP_CONTAINER: known('its container', ({ container }) => container),
  PTRAP_EXE: each('its program', ({ exe }) => exe),
  PTRAP_CMDLINE: each('its arguments, joined by spaces', ({ argv }) =>
    argv.length > 0 ? argv.join(' ') : null,
  ),
};

/** An entry for a sighting, with PRIORITY as in syslog(3). No value is longer than a datagram has room for. */
export function entryOf(sighting: Sighting, priority: number): Value[] {
  const { fit, leftOut } = fitting(sighting);
  const own = Object.entries(fields).flatMap(([name, { of }]) => {
    const values = of(sighting).filter(value => value != null && value !== '');
    return [...new Set(values)].map(value => [name, cut(String(value))] as const);
  });
  return [
    ['MESSAGE', cut(headline(sighting))],
    ['PRIORITY', String(priority)],
    ['SYSLOG_IDENTIFIER', 'ptrap'],
    ['MESSAGE_ID', MESSAGE_ID],
    ...within(MAX_BYTES, own),
    ...leftOut.map(part => ['PTRAP_LEFT_OUT', part] as const),
    ['PTRAP_SIGHTING', jsonLine(fit).trimEnd()],
  ];
}

/** Those values, in their order, that together take up so many bytes at the most. */
function within(bytes: number, values: readonly Value[]): Value[] {
  let left = bytes;
  return values.filter(([name, value]) => {
    const takes = name.length + Buffer.byteLength(value);
    const fits = takes <= left;
    if (fits) left -= takes;
    return fits;
  });
}

/** The beginning of a value, where it is too long. */
function cut(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length <= MAX_VALUE
    ? value
    : `${bytes.toString('utf8', 0, MAX_VALUE - 8).replace(/\ufffd$/, '')}…`;
}
