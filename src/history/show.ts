import { stringify } from 'csv-stringify/sync';
import { jsonLine } from '../report/json.js';
import { prettyEvent, type Style } from '../report/pretty.js';
import { visible } from '../sys/text.js';
import type { Recorded } from './entry.js';
import type { Acquaintance } from './summary.js';

/** How history is shown: for a person, one JSON object a line, or comma-separated with a first line of names. */
export type Format = 'pretty' | 'json' | 'csv';

/** Sightings as text, piece by piece. */
export async function* showSightings(
  recorded: AsyncIterable<Recorded>,
  format: Format,
  style: Style,
): AsyncGenerator<string> {
  if (format === 'csv') yield csv([COLUMNS]);
  let heading = '';
  for await (const { host, sighting } of recorded) {
    if (format === 'csv') yield csv(rowsOf({ host, sighting }));
    else if (format === 'json') yield jsonLine({ ...sighting, host });
    else {
      const own = `${dayOf(sighting.at)}  ${visible(host)}`;
      const lines = prettyEvent(sighting, style);
      yield `${own === heading ? '' : `${own}\n`}${lines.join('\n')}\n`;
      heading = own;
    }
  }
}

/** The summary as text. */
export function showSummary(all: readonly Acquaintance[], format: Format): string {
  if (format === 'json') return all.map(one => `${JSON.stringify(one)}\n`).join('');
  const names = [
    'count',
    'first',
    'last',
    'host',
    'program',
    'unit',
    'user',
    'dst',
    'port',
    'protocol',
  ] as const;
  const rows = all.map(one => names.map(name => one[name]));
  if (format === 'csv') return csv([names, ...rows]);
  const shown = all.map(({ count, first, last, host, program, unit, user, dst, port, protocol }) => [
    `${count}`,
    momentOf(first),
    momentOf(last),
    host,
    program,
    unit ?? user ?? '',
    `${port === null ? dst : `${dst.includes(':') ? `[${dst}]` : dst}:${port}`}/${protocol}`,
  ]);
  return aligned([['COUNT', 'FIRST', 'LAST', 'HOST', 'PROGRAM', 'UNIT OR USER', 'TO'], ...shown]);
}

const COLUMNS = [
  ...['at', 'host', 'id', 'count', 'protocol', 'src', 'src_port', 'dst', 'dst_port', 'status', 'grade'],
  ...['reason', 'pid', 'comm', 'exe', 'user', 'unit', 'container', 'command_line'],
];

/** A row for each process that was named; one where none was. */
function rowsOf({
  host,
  sighting: { at, id, count, flow, resolution },
}: Recorded): (string | number | null)[][] {
  const { protocol, src, dst } = flow;
  const packet = [
    at,
    host,
    id,
    count,
    protocol,
    src.address,
    src.port ?? null,
    dst.address,
    dst.port ?? null,
  ];
  if (resolution.status === 'unresolved') {
    return [[...packet, 'unresolved', null, resolution.reason, ...Array<null>(7).fill(null)]];
  }
  const { grade, processes, sender } = resolution;
  const known = [...packet, 'resolved', grade, null];
  if (processes.length === 0) {
    const of = [sender?.user ?? null, sender?.unit ?? null, sender?.container ?? null];
    return [[...known, null, null, null, ...of, null]];
  }
  return processes.map(({ pid, comm, exe, user, unit, container, argv }) => [
    ...[...known, pid, comm, exe, user, unit, container],
    argv.join(' '),
  ]);
}

/** What a spreadsheet would take for a formula is not one. */
function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  const safe = rows.map(row => row.map(cell => (typeof cell === 'string' ? visible(cell) : cell)));
  return stringify(safe, { escape_formulas: true });
}

function aligned(rows: readonly (readonly string[])[]): string {
  const safe = rows.map(row => row.map(visible));
  const widths = safe[0]!.map((_, column) => Math.max(...safe.map(row => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padStart(widths[0]!) : cell.padEnd(widths[column]!)))
      .join('  ');
  return safe.map(row => `${line(row).trimEnd()}\n`).join('');
}

function dayOf(at: string): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** To the second, in the time of this machine. */
function momentOf(at: string): string {
  return `${dayOf(at)} ${new Date(at).toTimeString().slice(0, 8)}`;
}
