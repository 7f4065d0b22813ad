import type { Ready, Resolution, Sighting, Summary } from '../events.js';
import type { Match, Plugin, PluginFailure } from '../hooks.js';
import type { Sink } from '../report/dispatch.js';
import { sealed } from './answer.js';
import { currentGuard, streak, type Tally } from './guard.js';
import { createMember, type Member, type Services } from './member.js';
import { checkPlugins } from './valid.js';

export type { Services } from './member.js';

/** How long what sightings wait for may take once the end was asked for, in ms. */
const HURRIED_MS = 2000;

/** What went wrong with one plugin. */
interface PluginTally extends Tally {
  plugin: string;
}

/** The plugins of one instance, in the order in which they were named. Nothing here rejects or throws. */
export interface PluginHost extends AsyncDisposable {
  /** One for each plugin: where sightings are to be delivered (see openDispatch). */
  readonly sinks: readonly Sink[];
  /** Tells every plugin, all at once, that rules and hold are in place. */
  armed(ready: Ready): Promise<void>;
  /** Whether no plugin drops the match. */
  accept(match: Match): boolean;
  /** Whether any plugin has something to say at such a hook. */
  taps(hook: 'resolve' | 'enrich'): boolean;
  /** Counts for each of those that they were not asked once. */
  skip(hook: 'resolve' | 'enrich'): void;
  /** The first answer of a plugin to who sent it; undefined when none has one. */
  resolve(match: Match, payload?: Uint8Array): Promise<Resolution | undefined>;
  /** The sighting with all plugins' notes; each sees those of the plugins before it. */
  enrich(sighting: Sighting, payload?: Uint8Array): Promise<Sighting>;
  /** Tells every plugin, all at once, how it ended; drain the reports first. */
  done(summary: Summary): Promise<void>;
  /** What went wrong, for plugins with which something did. */
  failures(): PluginTally[];
  /**
   * For an uncaught exception or unhandled rejection: true when it came from a plugin's timer, event or
   * unawaited promise. It is then reported as that plugin's failure and need not end the process.
   */
  stray: (error: unknown) => boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Applies the plugins, all at once. One whose apply fails is reported and disabled. Disposing of the host
 * disposes of what they returned, each on its own timeout.
 * @throws PTRAP_E_PLUGIN_INVALID, PTRAP_E_PLUGIN_DUPLICATE before any is applied
 */
export async function openPlugins(plugins: readonly Plugin[], services: Services): Promise<PluginHost> {
  checkPlugins(plugins);
  const members: Member[] = [];
  const tell = (failure: PluginFailure) => {
    services.failed(failure);
    if (failure.hook !== 'pluginFailed')
      for (const member of members) member.hooks.pluginFailed.call(failure);
  };
  members.push(...plugins.map(plugin => createMember(plugin, services, tell)));
  const strays = new Map(members.map(({ guard }) => [guard, streak()]));
  const all = async (act: (member: Member) => Promise<unknown>) => {
    await Promise.all(members.map(act));
  };
  const hurry = () => members.forEach(({ guard }) => guard.hurry(HURRIED_MS));
  services.ending?.then(hurry, hurry);
  await all(member => member.apply());
  const tapping = (hook: 'resolve' | 'enrich') =>
    members.filter(({ guard, hooks }) => hooks[hook].taps.length > 0 && !guard.disabled.aborted);
  let disposed: Promise<void> | undefined;

  return {
    sinks: members.map(({ sink }) => sink),
    armed: ready =>
      all(member => member.call('armed', (hooks, context) => hooks.armed.promise(sealed(ready), context))),
    accept: match => accepted(members, match),
    taps: hook => tapping(hook).length > 0,
    skip: hook => tapping(hook).forEach(({ guard }) => guard.drop(1)),
    resolve: (match, payload) => resolved(members, match, payload),
    enrich: (sighting, payload) => enriched(members, sighting, payload),
    done: summary =>
      all(member => member.call('done', (hooks, context) => hooks.done.promise(sealed(summary), context))),
    failures: () =>
      members
        .map(tallyOf)
        .filter(({ threw, timeouts, dropped, disabled }) => threw + timeouts + dropped > 0 || disabled),
    stray(error) {
      const guard = currentGuard();
      const row = guard && strays.get(guard);
      if (row) guard.fail('outside its hooks', 'threw', error, row);
      return row !== undefined;
    },
    [Symbol.asyncDispose]() {
      disposed ??= all(member => member.dispose()).finally(() =>
        members.forEach(({ guard }) => guard.abort()),
      );
      return disposed;
    },
  };
}

function tallyOf({ guard }: Member): PluginTally {
  return { plugin: guard.plugin, ...guard.tally };
}

function accepted(members: readonly Member[], match: Match): boolean {
  const asked = members.filter(({ hooks }) => hooks.accept.taps.length > 0);
  if (asked.length === 0) return true;
  const given = sealed(match);
  return asked.every(
    ({ guard, hooks }) => guard.attempt('accept', () => hooks.accept.call(given), streak()) !== false,
  );
}

async function resolved(
  members: readonly Member[],
  match: Match,
  payload: Uint8Array | undefined,
): Promise<Resolution | undefined> {
  for (const member of members) {
    if (member.hooks.resolve.taps.length === 0) continue;
    const answer = await member.call(
      'resolve',
      (hooks, context) => hooks.resolve.promise(sealed(match), context),
      payload,
    );
    if (answer) return answer;
  }
  return undefined;
}

function seesSightings({ hooks }: Member): boolean {
  return hooks.enrich.taps.length + hooks.report.taps.length > 0;
}

async function enriched(
  members: readonly Member[],
  sighting: Sighting,
  payload: Uint8Array | undefined,
): Promise<Sighting> {
  if (!members.some(seesSightings)) return sighting; // sealing is what costs
  let noted = sealed(sighting);
  for (const member of members) {
    if (member.hooks.enrich.taps.length === 0) continue;
    const given = noted;
    const answer = await member.call(
      'enrich',
      (hooks, context) => hooks.enrich.promise(given, context),
      payload,
    );
    noted = answer ?? given;
  }
  return noted;
}
