import { expect } from 'vitest';
import type { Event, Ready, Summary } from '../../src/events.js';
import type { Job } from './jobs.js';
import type { Machine } from './machine.js';

type Of<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** The events of a type that a watch has printed so far. */
export function eventsOf<Type extends Event['type']>(watch: Job, type: Type): Of<Type>[] {
  const lines = watch.stdout().split('\n').slice(0, -1);
  return lines
    .map(line => JSON.parse(line) as Event)
    .filter((event): event is Of<Type> => event.type === type);
}

/** Starts `ptrap watch` with these arguments, `--output json` among them, and waits until it is ready. */
export async function startWatch(vm: Machine, args: string): Promise<{ watch: Job; ready: Ready }> {
  const watch = vm.start(`exec node dist/src/cli.js watch ${args}`);
  await watch.waitFor(/"type":"ready".*\n/, 180_000);
  return { watch, ready: eventsOf(watch, 'ready')[0]! };
}

/** Ends a watch, which must go well, with a signal, and gives its summary. */
export async function endWatch(watch: Job, signal: NodeJS.Signals): Promise<Summary> {
  watch.signal(signal);
  const { code, stderr } = await watch.end(120_000);
  expect(stderr).not.toContain('PTRAP_E_');
  expect(code).toBe(0);
  return eventsOf(watch, 'summary')[0]!;
}
