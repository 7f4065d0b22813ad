import type { Event, Ready, Sighting, Summary } from '../../src/events.js';
import type { Namespace } from './namespace.js';
import { startProgram, type Program, type ProgramEnd } from './program.js';

/** A real `ptrap watch` with `--output json`. */
export interface Watch extends Omit<Program, 'end'> {
  ready: Ready;
  /** All sightings so far. */
  sightings: Sighting[];
  /** Waits until one is there for which `test` holds. */
  sighting(test: (sighting: Sighting) => boolean): Promise<Sighting>;
  /** Sends a signal and waits for the end, or only waits. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

/** How a watch ended. */
export interface Ended extends ProgramEnd {
  summary: Summary | undefined;
  /** Every event, in the order in which it was printed. */
  events: readonly Event[];
}

/** Starts the built program in the namespace and waits until it is ready. */
export function startWatch(namespace: Namespace, args: readonly string[]): Promise<Watch> {
  return watchOver(startProgram(namespace, watchArguments(args)));
}

/** The arguments of a watch; without `--config` it is given none. */
export function watchArguments(args: readonly string[]): string[] {
  return ['watch', '--output', 'json', ...(args.includes('--config') ? [] : ['--no-config']), ...args];
}

/** Waits until a program that was started with such arguments is ready. */
export async function watchOver(program: Program): Promise<Watch> {
  const events = readEvents(program.stdout);
  return {
    ...program,
    ready: await program.when(() => ofType(events(), 'ready')[0]),
    get sightings() {
      return ofType(events(), 'sighting');
    },
    sighting: test => program.when(() => ofType(events(), 'sighting').find(test)),
    async end(signal) {
      const end = await program.end(signal);
      return { ...end, events: events(), summary: ofType(events(), 'summary')[0] };
    },
  };
}

/** Gives the events that a growing text holds so far; a line is read once. */
function readEvents(text: () => string): () => readonly Event[] {
  const events: Event[] = [];
  let at = 0;
  return () => {
    const whole = text();
    for (let end = whole.indexOf('\n', at); end !== -1; end = whole.indexOf('\n', at)) {
      events.push(JSON.parse(whole.slice(at, end)) as Event);
      at = end + 1;
    }
    return events;
  };
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
