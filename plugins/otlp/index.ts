import { definePlugin } from 'ptrap';
import { z } from 'zod';
import { recordsOf } from './record.js';
import { openSending } from './sending.js';

const NAME = 'otlp';

const schema = z.strictObject({
  /** Where logs are taken, as `http://collector:4318/v1/logs`. Default: what OTEL_EXPORTER_OTLP_* say, else localhost. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** Sent along with each request, as for a token. */
  headers: z.record(z.string(), z.string()).optional(),
  /** How long a batch is tried for, in ms. Default 10000. */
  timeoutMs: z.int().min(1).max(600_000).default(10_000),
  /** How long a sighting waits for others to go with, in ms. Default 1000. */
  delayMs: z.int().min(1).max(600_000).default(1000),
});

export type Options = z.input<typeof schema>;

/**
 * Sends sightings to a collector as OpenTelemetry logs (OTLP, protobuf over HTTP), in batches. A batch that the collector
 * does not take is tried again until its time is over; 2048 records may wait, what is beyond is lost and counted.
 */
export const otlp = definePlugin((options: Options = {}) => {
  const destination = schema.parse(options);
  return {
    name: NAME,
    async apply(trap) {
      const sending = await openSending(destination, trap.instance, text => trap.log(text));
      trap.hooks.report.tap(NAME, sighting => recordsOf(sighting).forEach(record => sending.send(record)));
      return { [Symbol.asyncDispose]: () => sending.close() };
    },
  };
});
