import type { Sighting } from '../events.js';
import type { PluginLimits } from '../hooks.js';
import { openQueue } from './queue.js';

/** Where sightings go: one plugin's `report` taps. */
export interface Sink {
  readonly limits: Pick<PluginLimits, 'concurrency' | 'queue'>;
  /** Aborted once the plugin is disabled. */
  readonly disabled: AbortSignal;
  /** Whether anything listens. */
  wanted(): boolean;
  /** Gives one sighting to the plugin; settles when it is done with it, however that ends. */
  report(sighting: Sighting): Promise<unknown>;
  /** Counts sightings that were not delivered. */
  drop(count: number): void;
  /** Tells how many were not delivered, and why. */
  tell(message: string): void;
  /** Aborts what the plugin is still at. */
  abort(): void;
}

/** Brings sightings to all plugins, each through a queue of its own, so that none waits for another. */
export interface Dispatch {
  /** Takes the sighting and returns at once. */
  deliver(sighting: Sighting): void;
  /**
   * Takes no more, and waits until all is delivered; after `deadlineMs` what is left is aborted, counted and
   * told. A second call waits for the first.
   */
  drain(deadlineMs: number): Promise<void>;
}

/** Opens a queue for each sink. `now` is a monotonic clock in ms. */
export function openDispatch(sinks: readonly Sink[], now = () => performance.now()): Dispatch {
  const queues = sinks.map(sink => openQueue(sink, now));
  let drained: Promise<unknown> | undefined;
  return {
    deliver(sighting) {
      for (const queue of queues) queue.push(sighting);
    },
    async drain(deadlineMs) {
      drained ??= Promise.all(queues.map(queue => queue.drain(deadlineMs)));
      await drained;
    },
  };
}
