import { setImmediate } from 'node:timers/promises';
import type { Settings } from './config/settings.js';
import type { Ready, Resolution, Sighting, Summary } from './events.js';
import { seesCalls, type Arrival, type Losses } from './match/source.js';
import { openPlugins } from './plugin/host.js';
import { openDispatch } from './report/dispatch.js';
import type { Gaps } from './gaps.js';
import { openIntake } from './intake.js';
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
  /** What could not be seen, for the summary. */
  gaps: Pick<Gaps, 'told'>;
}

/** Sightings that may wait for slow `enrich` taps; beyond that they are reported without notes. */
const MAX_WAITING = 1000;

/** How long plugins may take for what is still queued at the end, in ms. */
const DRAIN_MS = 5_000;

/** Applies the plugins and opens the end of the line. */
export async function openReporting(
  teardown: Teardown,
  { instance, settings, output, resolver, stop, gaps }: ReportingOptions,
): Promise<Reporting> {
  const plugins = await openPlugins(settings.plugins, {
    instance,
    print: output.print,
    log: (plugin, text) => output.say(`${plugin}: ${text}`),
    failed: ({ plugin, kind, hook, message }) =>
      output.say(`plugin ${plugin}: ${kind} in ${hook}: ${message}`),
    ending: stop.asked,
  });
  teardown.defer(() => plugins[Symbol.asyncDispose]());
  stop.forgive(plugins.stray);

  const dispatch = openDispatch(plugins.sinks);
  // the rules' meters limit connections already: what is over the limit never comes
  const hasMeters = settings.source !== 'queue' && !seesCalls(settings.source);
  const metered = settings.limitPer === 'connection' && hasMeters;
  const limitPer = metered ? 'none' : settings.limitPer;
  const limit = createLimit(limitPer, settings.limit, () => performance.now());
  const sighter = openSighter({ instance, plugins, resolver, limit });
  let begin: () => void;
  let reported = new Promise<void>(resolve => (begin = resolve));
  let waiting = 0;
  let taken = 0;

  function report(sighting: Sighting): void {
    output.event(sighting);
    dispatch.deliver(sighting);
  }

  function enrichThenReport(sighting: Sighting, payload: Uint8Array | undefined): void {
    if (waiting >= MAX_WAITING) {
      plugins.skip('enrich');
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

  function take({ match, payload }: Arrival, resolution: Resolution | undefined): void {
    if (taken === settings.count) return;
    const sighting = sighter.sight(match, resolution);
    if (!sighting) return;
    taken += 1;
    enrichThenReport(sighting, payload);
    if (taken === settings.count) stop.ask('count');
  }

  const intake = openIntake({
    identify: sighter.identify,
    plugins,
    isDone: () => taken === settings.count,
    take,
    fail: stop.fail,
  });

  return {
    follow: intake.follow,
    async begin(ready) {
      if (settings.for !== undefined) stop.after(settings.for);
      output.event(ready);
      await plugins.armed(ready);
      begin();
    },
    async end(reason, { suppressed, lost }) {
      begin();
      await setImmediate(); // the last match has been read, but may not have come here yet
      await intake.settled();
      await reported;
      await dispatch.drain(DRAIN_MS);
      const { tally } = sighter;
      const summary: Summary = {
        schema: 1,
        type: 'summary',
        instance,
        matches: tally.matches + suppressed + lost,
        resolved: tally.resolved,
        ...(tally.unnamed > 0 ? { unnamed: tally.unnamed } : {}),
        unresolved: tally.unresolved,
        suppressed: tally.suppressed + suppressed,
        lost,
        reason,
        ...shortfalls(plugins.failures(), output.unwritten?.() ?? 0, gaps.told),
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

/** What was dropped, and for whom. */
function shortfalls(
  failures: readonly { plugin: string; dropped: number }[],
  unwritten: number,
  gaps: readonly string[],
): Pick<Summary, 'missed' | 'unwritten' | 'gaps'> {
  const missed = failures
    .filter(({ dropped }) => dropped > 0)
    .map(({ plugin, dropped }) => [plugin, dropped]);
  return {
    ...(missed.length > 0 && { missed: Object.fromEntries(missed) as Record<string, number> }),
    ...(unwritten > 0 && { unwritten }),
    ...(gaps.length > 0 && { gaps: [...gaps] }),
  };
}
