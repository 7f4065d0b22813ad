import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { COUNT, SEED } from './generator.js';

/** One input may take no longer, in ms: a loop that a lying length has made long shows here. */
const SLOW_MS = 250;
/** So often it may: a busy machine makes any of them wait once, but not the same one each time. */
const PATIENCE = 3;

/**
 * A test that gives each input to `check`, which throws where a property does not hold and tells whether the parser
 * took it. So many inputs, and some that it took, must have been there: else nothing was tested.
 */
export function fuzz<Input extends string | Buffer>(
  name: string,
  inputs: () => Iterable<Input>,
  check: (input: Input) => boolean,
): void {
  it(`${name}: ${COUNT} inputs from seed ${SEED}`, { timeout: 120_000 }, () => {
    let [count, taken] = [0, 0];
    for (const input of inputs()) {
      count += 1;
      try {
        if (inTime(check, input)) taken += 1;
      } catch (error) {
        const shown = typeof input === 'string' ? JSON.stringify(input) : input.toString('hex');
        throw new Error(`seed ${SEED}, input ${count}: ${shown}\n${inspect(error)}`, { cause: error });
      }
    }
    expect(count).toBe(COUNT);
    expect(taken).toBeGreaterThan(COUNT / 200); // they are not all turned away at the door
  });
}

function inTime<Input>(check: (input: Input) => boolean, input: Input): boolean {
  for (let tries = 1; ; tries += 1) {
    const start = performance.now();
    const taken = check(input);
    const ms = performance.now() - start;
    if (ms <= SLOW_MS) return taken;
    must(tries < PATIENCE, `took ${ms} ms, and no less before`);
  }
}

/** Fails without building a matcher: there are many calls. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Whether a view lies wholly inside what was read. */
export function isWithin(view: Uint8Array, whole: Uint8Array): boolean {
  if (view.length === 0) return true;
  return (
    view.buffer === whole.buffer &&
    view.byteOffset >= whole.byteOffset &&
    view.byteOffset + view.length <= whole.byteOffset + whole.length
  );
}

/** A whole number of so many bits. */
export function isUint(value: unknown, bits: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** bits;
}
