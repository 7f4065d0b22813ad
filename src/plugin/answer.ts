import { failure } from '../errors.js';
import { resolution, type Resolution, type Sighting } from '../events.js';

/** Most that one plugin's note may take, in characters of JSON. */
const MAX_NOTE = 65_536;

/**
 * Reads what a tap of `resolve` answered; undefined is no answer.
 * @throws PTRAP_E_PLUGIN_ANSWER when it is not a Resolution
 */
export function readResolution(answer: unknown): Resolution | undefined {
  if (answer === undefined) return undefined;
  const read = resolution.safeParse(answer);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw failure('PTRAP_E_PLUGIN_ANSWER', 'resolve', `${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * Reads what a tap of `accept` answered: only `false` counts, so that several filters may each drop a match.
 * @throws PTRAP_E_PLUGIN_ANSWER when it is a promise: nobody waits for it
 */
export function readVerdict(answer: unknown): false | undefined {
  if (isThenable(answer)) {
    answer.then(undefined, () => undefined);
    throw failure('PTRAP_E_PLUGIN_ANSWER', 'accept', 'it is a promise, the hook is synchronous');
  }
  return answer === false ? false : undefined;
}

/**
 * Reads what a tap of `enrich` answered and takes over its notes, as plain JSON, and nothing else: who sent
 * a packet is not a plugin's to change, nor is a note that another plugin has made. What it gives is sealed, as
 * `given` must be; undefined where nothing was added.
 * @throws PTRAP_E_PLUGIN_ANSWER when it is not the sighting that was given, or a note is not JSON or too long
 */
export function readNotes(answer: unknown, given: Sighting, plugin: string): Sighting | undefined {
  if (answer === undefined || answer === given) return undefined;
  if (!isObject(answer) || answer['id'] !== given.id || !isObject(answer['notes'])) {
    throw failure('PTRAP_E_PLUGIN_ANSWER', 'enrich', 'it is not the sighting that was given');
  }
  const made = Object.entries(answer['notes']).filter(
    ([key]) => key === plugin || !Object.hasOwn(given.notes, key),
  );
  return freeze({ ...given, notes: { ...given.notes, ...plain(Object.fromEntries(made)) } });
}

function plain(notes: object): object {
  let text: string;
  try {
    text = JSON.stringify(notes);
  } catch (error) {
    throw failure('PTRAP_E_PLUGIN_ANSWER', 'enrich', `a note is not JSON: ${(error as Error).message}`);
  }
  if (text.length > MAX_NOTE) {
    throw failure(
      'PTRAP_E_PLUGIN_ANSWER',
      'enrich',
      `notes of ${text.length} characters, ${MAX_NOTE} at most`,
    );
  }
  return JSON.parse(text) as object;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof value['then'] === 'function';
}

/** A copy that nobody can change: every plugin is given the same one. What is frozen already is given back. */
export function sealed<Value extends object>(value: Value): Value {
  return Object.isFrozen(value) ? value : freeze(structuredClone(value));
}

function freeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value) as unknown[]) {
    if (isObject(part) && !Object.isFrozen(part)) freeze(part);
  }
  return Object.freeze(value);
}
