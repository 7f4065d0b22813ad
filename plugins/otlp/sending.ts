import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '@opentelemetry/api-logs';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';

/** The end waits so long at the most for what is not sent yet, in ms; a plugin has 5000. */
const LAST_MS = 4000;

/** Most records that wait, and most that are sent at once; a record has some hundred bytes. */
const QUEUE = 2048;
const BATCH = 512;

/** What the user may choose. */
export interface Destination {
  url?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** Longest that a batch is tried for, in ms. */
  timeoutMs: number;
  /** Records wait so long for others to go with, in ms. */
  delayMs: number;
}

/** Sends records in batches. What cannot be sent is told once, and counted. */
export interface Sending {
  send(record: LogRecord): void;
  /** Sends what is left; settles within some seconds. */
  close(): Promise<void>;
}

/** The packages that do it; the plugin alone needs them, so they are not installed with ptrap. */
async function loadPackages() {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-logs'),
      import('@opentelemetry/exporter-logs-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
    return { ...sdk, ...exporter, ...resources };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(
      'its packages are not installed: npm install -g @opentelemetry/sdk-logs@0.214 @opentelemetry/exporter-logs-otlp-proto@0.214 @opentelemetry/resources@2',
    );
  }
}

/** Opens the way to a collector, without asking whether there is one. */
export async function openSending(
  { url, headers, timeoutMs, delayMs }: Destination,
  instance: string,
  say: (text: string) => void,
): Promise<Sending> {
  const { BatchLogRecordProcessor, LoggerProvider, OTLPLogExporter, resourceFromAttributes } =
    await loadPackages();
  const inner = new OTLPLogExporter({
    timeoutMillis: timeoutMs,
    ...(url && { url }),
    ...(headers && { headers }),
  });
  let given = 0;
  let taken = 0;
  let isTold = false;

  const exporter: LogRecordExporter = {
    export(records, done) {
      inner.export(records, result => {
        const failed = Number(result.code) !== 0;
        if (!failed) taken += records.length;
        if (failed && !isTold) say(`not taken by the collector: ${result.error?.message ?? 'no answer'}`);
        if (!failed && isTold) say('the collector takes sightings again');
        isTold = failed;
        done(result);
      });
    },
    shutdown: () => inner.shutdown(),
  };
  const processor = new BatchLogRecordProcessor(exporter, {
    maxQueueSize: QUEUE,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: timeoutMs + 1000,
  });
  const resource = resourceFromAttributes({
    'service.name': 'ptrap',
    'service.instance.id': instance,
    'host.name': hostname(),
  });
  const provider = new LoggerProvider({ resource, processors: [processor] });
  const logger = provider.getLogger('ptrap');

  return {
    send(record) {
      given += 1;
      logger.emit(record);
    },
    async close() {
      const enough = new AbortController();
      const late = sleep(LAST_MS, undefined, { signal: enough.signal });
      await Promise.race([provider.shutdown(), late]);
      enough.abort();
      late.catch(() => undefined); // aborted
      if (taken < given) say(`${given - taken} of ${given} records were not taken by the collector`);
    },
  };
}
