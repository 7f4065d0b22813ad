import type { Resolution, Sighting, Summary } from './events.js';
import type { Match } from './hooks.js';
import type { PluginHost } from './plugin/host.js';
import type { Limit } from './report/limit.js';
import type { Resolver } from './resolve/resolver.js';

/** The counts of the summary that become known here. */
export type Tally = Pick<Summary, 'matches' | 'resolved' | 'unresolved' | 'suppressed'>;

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
  /** The sighting of this match; undefined when it was dropped, is ptrap's own, or is under the limit. */
  sight(match: Match): Promise<Sighting | undefined>;
}

/** Opens the part of the line from a match to a sighting. */
export function openSighter({ instance, plugins, resolver, limit }: SightOptions): Sighter {
  const tally: Tally = { matches: 0, resolved: 0, unresolved: 0, suppressed: 0 };
  let sequence = 0;

  async function consider(match: Match): Promise<Sighting | undefined> {
    if (!plugins.accept(match)) return undefined;
    const resolution = (await plugins.resolve(match)) ?? (await resolver.resolve(match));
    if (isOwn(resolution)) return undefined;
    sequence += 1;
    const { at, target, flow } = match;
    const id = `${instance}-${sequence}`;
    return limit.pass({
      schema: 1,
      type: 'sighting',
      id,
      at,
      instance,
      target,
      count: 1,
      flow,
      resolution,
      notes: {},
    });
  }

  return {
    tally,
    async sight(match) {
      const sighting = await consider(match);
      tally.matches += 1;
      tally[sighting ? sighting.resolution.status : 'suppressed'] += 1;
      return sighting;
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
