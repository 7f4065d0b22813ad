import { createRequire } from 'node:module';

/** A log record as a collector reads it. */
export interface Decoded {
  resource: Record<string, unknown>;
  scope: string;
  eventName: string;
  time: string;
  severity: number;
  body: unknown;
  attributes: Record<string, unknown>;
}

interface AnyValue {
  stringValue?: string;
  intValue?: number | { toNumber(): number };
  doubleValue?: number;
  arrayValue?: { values: AnyValue[] };
}
interface KeyValue {
  key: string;
  value: AnyValue;
}
interface Request {
  resourceLogs: {
    resource: { attributes: KeyValue[] };
    scopeLogs: {
      scope: { name: string };
      logRecords: {
        eventName: string;
        timeUnixNano: { toString(): string };
        severityNumber: number;
        body: AnyValue;
        attributes: KeyValue[];
      }[];
    }[];
  }[];
}

/** OpenTelemetry's own definitions of the protocol, compiled by protobufjs; they come with the exporter. */
const require = createRequire(import.meta.url);
const root = require('@opentelemetry/otlp-transformer/build/src/generated/root.js') as {
  opentelemetry: {
    proto: {
      collector: { logs: { v1: { ExportLogsServiceRequest: { decode(bytes: Uint8Array): Request } } } };
    };
  };
};

/** The log records of a request to /v1/logs. */
export function decodeLogs(body: Buffer): Decoded[] {
  const request = root.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest.decode(body);
  return request.resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map(record => ({
        resource: objectOf(resource.attributes),
        scope: scope.name,
        eventName: record.eventName,
        time: timeOf(BigInt(record.timeUnixNano.toString())),
        severity: record.severityNumber,
        body: valueOf(record.body),
        attributes: objectOf(record.attributes),
      })),
    ),
  );
}

function objectOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf({ stringValue, intValue, doubleValue, arrayValue }: AnyValue): unknown {
  if (arrayValue) return arrayValue.values.map(valueOf);
  const number = typeof intValue === 'object' && intValue !== null ? intValue.toNumber() : intValue;
  return stringValue ?? number ?? doubleValue;
}

function timeOf(nanoseconds: bigint): string {
  const fraction = String((nanoseconds / 1000n) % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
