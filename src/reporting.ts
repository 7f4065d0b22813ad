import type { Settings } from './config/settings.js';
import type { Ready, Resolution, Sighting, Summary } from './events.js';
import type { Arrival, Losses } from './match/source.js';
import { openPlugins } from './plugin/host.js';
import { openDispatch } from './report/dispatch.js';
import { createLimit } from './report/limit.js';
import type { Output } from './report/output.js';
import type { Resolver } from './resolve/resolver.js';
import { openSighter } from './sight.js';
import type { Teardown } from './teardown/stack.js';
import type { Stop } from './teardown/stop.js';

/** The end of the line: matches go in, events come out and plugins are told. */
export interface Reporting {
  /** Takes matches, one after the other, until the source ends. */
  follow(arrivals: AsyncIterable<Arrival>): Promise<void>;
  /** Announces that the instance is ready; what was seen before is reported after it. */
  begin(ready: Ready): Promise<void>;
  /** Waits until all is reported and the plugins are done, and announces the summary. */
  end(reason: Summary['reason'], losses: Losses): Promise<Summary>;
}

/** What reporting needs. */
export interface ReportingOptions {
  instance: string;
  settings: Settings;
  output: Output;
  resolver: Resolver;
  stop: Stop;
  /** The rules' meters limit connections already: what is over the limit never comes. */
  metered: boolean;
}

/** Sightings that may wait for slow `enrich` taps; beyond that they are reported without notes. */
const MAX_WAITING = 1000;

/** Matches that are being resolved at once: those that came together share what is read of /proc. */
const MAX_RESOLVING = 64;

/** How long plugins may take for what is still queued at the end, in ms. */
const DRAIN_MS = 5_000;

/** Applies the plugins and opens the end of the line. */
export async function openReporting(
  teardown: Teardown,
  { instance, settings, output, resolver, stop, metered }: ReportingOptions,
): Promise<Reporting> {
  const plugins = await openPlugins(settings.plugins, {
    instance,
    print: output.print,
    log: (plugin, text) => output.say(`${plugin}: ${text}`),
    failed: ({ plugin, kind, hook, message }) =>
      output.say(`plugin ${plugin}: ${kind} in ${hook}: ${message}`),
  });
  teardown.defer(() => plugins[Symbol.asyncDispose]());
  stop.forgive(plugins.stray);

  const dispatch = openDispatch(plugins.sinks);
  const limitPer = metered ? 'none' : settings.limitPer;
  const limit = createLimit(limitPer, settings.limit, () => performance.now());
  const sighter = openSighter({ instance, plugins, resolver, limit });
  let begin: () => void;
  let reported = new Promise<void>(resolve => (begin = resolve));
  let waiting = 0;
  let taken = 0;
  let sighted = Promise.resolve();
  let ended = false;
  const resolving = new Set<Promise<unknown>>();

  function report(sighting: Sighting): void {
    output.event(sighting);
    dispatch.deliver(sighting);
  }

  function enrichThenReport(sighting: Sighting, payload: Uint8Array | undefined): void {
    if (waiting >= MAX_WAITING) {
      report(sighting);
      return;
    }
    waiting += 1;
    const enriched = plugins.enrich(sighting, payload);
    reported = reported.then(async () => {
      report(await enriched);
      waiting -= 1;
    });
  }

  const isDone = (): boolean => ended || taken === settings.count;

  function take({ match, payload }: Arrival, resolution: Resolution | undefined): void {
    if (taken === settings.count) return;
    const sighting = sighter.sight(match, resolution);
    if (!sighting) return;
    taken += 1;
    enrichThenReport(sighting, payload);
    if (taken === settings.count) stop.ask('count');
  }

  /** Resolves a match beside others, and reports it after those before it. */
  function resolve(arrival: Arrival): void {
    const identified = sighter.identify(arrival);
    resolving.add(identified);
    sighted = Promise.all([identified, sighted])
      .then(([resolution]) => take(arrival, resolution), stop.fail)
      .finally(() => resolving.delete(identified));
  }

  return {
    async follow(arrivals) {
      for await (const arrival of arrivals) {
        if (isDone())
          arrival.release?.(); // only the source's own count goes on
        else resolve(arrival);
        if (resolving.size >= MAX_RESOLVING) await sighted;
      }
    },
    async begin(ready) {
      if (settings.for !== undefined) stop.after(settings.for);
      output.event(ready);
      await plugins.armed(ready);
      begin();
    },
    async end(reason, { suppressed, lost }) {
      ended = true;
      begin();
      await sighted; // the last matches have been read, but may not be resolved yet
      await reported;
      await dispatch.drain(DRAIN_MS);
      const { tally } = sighter;
      const summary: Summary = {
        schema: 1,
        type: 'summary',
        instance,
        matches: tally.matches + suppressed + lost,
        resolved: tally.resolved,
        unresolved: tally.unresolved,
        suppressed: tally.suppressed + suppressed,
        lost,
        reason,
      };
      output.event(summary);
      await plugins.done(summary);
      for (const { plugin, threw, timeouts, dropped } of plugins.failures()) {
        output.say(
          `plugin ${plugin}: failed ${threw} times, timed out ${timeouts} times, missed ${dropped} sightings`,
        );
      }
      return summary;
    },
  };
}
