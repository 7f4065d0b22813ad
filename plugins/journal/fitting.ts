import { jsonLine, type ProcessInfo, type Sighting } from 'ptrap';

/** Most that a sighting may take as JSON, in bytes: a datagram has room for 208 KiB unless the machine says otherwise (net.core.wmem_default). */
const MAX_BYTES = 114_688;

/** What is left out, one after the other, until a sighting fits. */
const omissions: readonly (readonly [part: string, omit: (sighting: Sighting) => Sighting])[] = [
  [
    "ancestors' arguments",
    sighting => withProcesses(sighting, process => [withoutAncestorsArguments(process)]),
  ],
  ['notes', sighting => ({ ...sighting, notes: {} })],
  [
    'processes after the first',
    sighting => withProcesses(sighting, (process, index) => (index === 0 ? [process] : [])),
  ],
  [
    'arguments',
    sighting => withProcesses(sighting, process => [{ ...process, argv: process.argv.slice(0, 1) }]),
  ],
  ['processes', sighting => withProcesses(sighting, () => [])],
];

/** The sighting as far as it fits into an entry, and what had to be left out of it. */
export function fitting(sighting: Sighting): { fit: Sighting; leftOut: string[] } {
  let fit = sighting;
  const leftOut: string[] = [];
  for (const [part, omit] of omissions) {
    if (Buffer.byteLength(jsonLine(fit)) <= MAX_BYTES) break;
    fit = omit(fit);
    leftOut.push(part);
  }
  return { fit, leftOut };
}

function withProcesses(
  sighting: Sighting,
  change: (process: ProcessInfo, index: number) => ProcessInfo[],
): Sighting {
  const { resolution } = sighting;
  if (resolution.status === 'unresolved') return sighting;
  return { ...sighting, resolution: { ...resolution, processes: resolution.processes.flatMap(change) } };
}

function withoutAncestorsArguments(process: ProcessInfo): ProcessInfo {
  return { ...process, ancestors: process.ancestors.map(ancestor => ({ ...ancestor, argv: [] })) };
}
