import type { Resolution, Sighting } from './events.js';
import type { Match } from './hooks.js';
import type { Arrival } from './match/source.js';
import type { PluginHost } from './plugin/host.js';
import type { Limit } from './report/limit.js';
import type { Resolver } from './resolve/resolver.js';

/** The counts of the summary that become known here. */
export type Tally = Record<'matches' | 'resolved' | 'unnamed' | 'unresolved' | 'suppressed', number>;

/** What it takes to make a sighting of a match. */
export interface SightOptions {
  instance: string;
  plugins: Pick<PluginHost, 'accept' | 'resolve'>;
  resolver: Pick<Resolver, 'resolve'>;
  limit: Limit;
}

/** Makes sightings of matches, and counts. */
export interface Sighter {
  readonly tally: Readonly<Tally>;
  /**
   * Who sent it; undefined when a plugin dropped the match, or ptrap sent it itself. Any number at once.
   * @param asksPlugins false where none may be asked who that was
   */
  identify(arrival: Arrival, asksPlugins: boolean): Promise<Resolution | undefined>;
  /** The sighting that this makes; undefined when there is none to report, or it is under the limit. In order. */
  sight(match: Match, resolution: Resolution | undefined): Sighting | undefined;
}

/** Opens the part of the line from a match to a sighting. */
export function openSighter({ instance, plugins, resolver, limit }: SightOptions): Sighter {
  const tally: Tally = { matches: 0, resolved: 0, unnamed: 0, unresolved: 0, suppressed: 0 };
  let sequence = 0;

  function sightingOf({ at, target, flow }: Match, count: number, resolution: Resolution): Sighting {
    const id = `${instance}-${(sequence += 1)}`;
    return { schema: 1, type: 'sighting', id, at, instance, target, count, flow, resolution, notes: {} };
  }

  return {
    tally,
    async identify({ match, arrived, payload, release, caller }, asksPlugins) {
      // a held packet waits for no plugin
      const own = release && resolver.resolve(match, arrived).finally(release);
      own?.catch(() => undefined); // whoever waits for it hears of it
      if (!plugins.accept(match)) return undefined;
      const answer = asksPlugins ? await plugins.resolve(match, payload) : undefined;
      const resolution = answer ?? (await (own ?? resolver.resolve(match, arrived, caller)));
      return isOwn(resolution) ? undefined : resolution;
    },
    sight(match, resolution) {
      tally.matches += 1;
      const count = resolution ? limit.pass(match, resolution) : 0;
      if (!resolution || count === 0) {
        tally.suppressed += 1;
        return undefined;
      }
      tally[resolution.status] += 1;
      if (resolution.status === 'resolved' && resolution.processes.length === 0) tally.unnamed += 1;
      return sightingOf(match, count, resolution);
    },
  };
}

/** Whether ptrap itself or something that its plugins started sent it: reporting that would feed on itself. */
function isOwn(resolution: Resolution): boolean {
  if (resolution.status === 'unresolved' || resolution.processes.length === 0) return false;
  return resolution.processes.every(
    ({ pid, ancestors }) => pid === process.pid || ancestors.some(ancestor => ancestor.pid === process.pid),
  );
}
