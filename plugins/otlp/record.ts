import type { LogRecord } from '@opentelemetry/api-logs';
import { basename } from 'node:path';
import type { ProcessInfo, Sender, Sighting } from 'ptrap';
import { headline } from '../headline.js';

/** The event's name; backends group by it. */
export const EVENT = 'ptrap.sighting';

/** INFO, of the OpenTelemetry logs data model. */
const SEVERITY = { severityNumber: 9, severityText: 'INFO' };

type Value = string | number | string[] | null | undefined;

/**
 * A sighting as log records: one for each process that holds the socket, since `process.pid` is one; one where none is
 * known. Names are OpenTelemetry's semantic conventions; `ptrap.*` is what they have no name for.
 */
export function recordsOf(sighting: Sighting): LogRecord[] {
  const { resolution } = sighting;
  const holders = resolution.status === 'resolved' ? resolution.processes : [];
  const sender = resolution.status === 'resolved' ? resolution.sender : undefined;
  const known: (Record<string, Value> | undefined)[] = [
    ...holders.map(process => ({ ...processAttributes(process), ...senderAttributes(process) })),
    ...(holders.length === 0 ? [sender && senderAttributes(sender)] : []),
  ];
  return known.map(attributes => ({
    ...SEVERITY,
    eventName: EVENT,
    timestamp: timeOf(sighting.at),
    body: unicode(headline(sighting)),
    attributes: present({ ...sightingAttributes(sighting), ...attributes }),
  }));
}

function sightingAttributes({ id, target, count, flow, resolution }: Sighting): Record<string, Value> {
  const isResolved = resolution.status === 'resolved';
  return {
    'source.address': flow.src.address,
    'source.port': flow.src.port,
    'destination.address': flow.dst.address,
    'destination.port': flow.dst.port,
    'network.type': flow.family,
    'network.transport': flow.protocol,
    'network.interface.name': flow.oif,
    'ptrap.id': id,
    'ptrap.target': target,
    'ptrap.count': count,
    'ptrap.status': resolution.status,
    'ptrap.grade': isResolved ? resolution.grade : undefined,
    'ptrap.reason': isResolved ? undefined : resolution.reason,
  };
}

function processAttributes({ pid, ppid, comm, exe, argv, cwd }: ProcessInfo): Record<string, Value> {
  return {
    'process.pid': pid,
    'process.parent_pid': ppid,
    'process.title': comm,
    'process.executable.path': exe,
    'process.executable.name': exe === null ? undefined : basename(exe),
    'process.command_args': argv,
    'process.working_directory': cwd,
  };
}

function senderAttributes({
  uid,
  user,
  cgroup,
  unit,
  container,
  runtime,
  pod,
}: ProcessInfo | Sender): Record<string, Value> {
  return {
    'process.user.id': uid,
    'process.user.name': user,
    'process.linux.cgroup': cgroup,
    'container.id': container,
    'container.runtime.name': runtime,
    'k8s.pod.uid': pod,
    'ptrap.unit': unit,
  };
}

function present(attributes: Record<string, Value>): Record<string, string | number | string[]> {
  const known = Object.entries(attributes).flatMap(([name, value]) =>
    value == null ? [] : [[name, typeof value === 'object' ? value.map(unicode) : unicode(value)] as const],
  );
  return Object.fromEntries(known);
}

/** Half a surrogate pair becomes U+FFFD: the exporter would write bytes that are no UTF-8, and a collector refuse them all. */
function unicode<Part extends string | number>(value: Part): Part {
  return typeof value === 'string' ? (Buffer.from(value).toString() as Part) : value;
}

/** Seconds and nanoseconds of an ISO 8601 time with microseconds: a Date would keep milliseconds only. */
function timeOf(at: string): [seconds: number, nanoseconds: number] {
  const [, fraction = ''] = /\.(\d+)/.exec(at) ?? [];
  return [Math.floor(Date.parse(at) / 1000), Number(fraction.padEnd(9, '0').slice(0, 9))];
}
