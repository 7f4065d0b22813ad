import type { Config } from './config/options.js';
import type { Event, Summary } from './events.js';

/** What `watch` is given beside its config. */
export interface WatchOptions {
  /** Hears of every event: `ready`, each sighting, the summary. */
  onEvent(event: Event): void;
  /** Hears what a person would read on stderr. */
  onNote?(line: string): void;
  /** Ends it. */
  signal?: AbortSignal;
}

/**
 * `ptrap watch` for programs: runs one instance until its signal, `count` or `for` ends it, then undoes everything.
 * The config is what a config file would export; its plugins may be objects, names or paths. It watches the network
 * namespace of this process: a `netns` that is another one is an error (PTRAP_E_NETNS_ENTRY).
 * @throws PtrapError as the command line would report it, after teardown
 */
export async function watch(config: Config, { onEvent, onNote, signal }: WatchOptions): Promise<Summary> {
  const [{ mergeSettings }, { requireConfig }, { requireMachine }, { run }] = await Promise.all([
    import('./config/merge.js'),
    import('./config/validate.js'),
    import('./sys/requirements.js'),
    import('./run.js'),
  ]);
  const settings = await mergeSettings(requireConfig(config, 'watch()'), undefined, process.cwd());
  if (settings.netns !== undefined) await (await import('./netns/enter.js')).requireInside(settings.netns);
  await requireMachine(settings);
  return run(settings, {
    event: onEvent,
    say: line => onNote?.(line),
    print: text => onNote?.(text),
    closed: signal ?? new AbortController().signal,
  });
}
