import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Event, Ready, Sighting, Summary } from '../../src/events.js';
import type { Namespace } from './namespace.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

/** A real `ptrap watch` with `--output json`. */
export interface Watch {
  pid: number;
  ready: Ready;
  /** All sightings so far. */
  sightings: Sighting[];
  /** Waits until one is there for which `test` holds. */
  sighting(test: (sighting: Sighting) => boolean): Promise<Sighting>;
  /** Sends a signal and waits for the end, or only waits. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

/** How a watch ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  summary: Summary | undefined;
  stderr: string;
}

/** Starts the built program in the namespace and waits until it is ready. */
export async function startWatch(
  namespace: Namespace,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<Watch> {
  const child = namespace.spawn(
    process.execPath,
    [CLI, 'watch', '--output', 'json', '--no-config', ...args],
    {
      ...(env && { env }),
    },
  );
  const events: Event[] = [];
  const listeners = new Set<() => void>();
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface({ input: child.stdout! }).on('line', line => {
    events.push(JSON.parse(line) as Event);
    for (const listener of [...listeners]) listener();
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;

  function event<Type extends Event['type']>(
    type: Type,
    test: (event: Extract<Event, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<Event, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = ofType(events, type).find(test);
        if (!found) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      closed.then(([code]) => reject(new Error(`ptrap ended with ${code}: ${stderr}`)), reject);
      look();
    });
  }

  const watch: Watch = {
    pid: child.pid!,
    ready: await event('ready'),
    get sightings() {
      return ofType(events, 'sighting');
    },
    sighting: test => event('sighting', test),
    async end(signal) {
      if (signal) child.kill(signal);
      const [code, endedBy] = await closed;
      return { code, signal: endedBy, summary: ofType(events, 'summary')[0], stderr };
    },
  };
  return watch;
}

function ofType<Type extends Event['type']>(
  events: readonly Event[],
  type: Type,
): Extract<Event, { type: Type }>[] {
  return events.filter((found): found is Extract<Event, { type: Type }> => found.type === type);
}

/** The pids that a sighting names. */
export function pidsOf({ resolution }: Sighting): number[] {
  return resolution.status === 'resolved' ? resolution.processes.map(({ pid }) => pid) : [];
}
