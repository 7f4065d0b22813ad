import { nearest, type ProcessInfo, type Sighting } from 'ptrap';
import { factNames, factOf } from './environment.js';

/** `{comm}`, `{dst}`, … in an argument. */
const PLACEHOLDER = /\{([a-z]+)\}/g;

/** What is wrong with a command given as its words; undefined where nothing is. */
export function templateProblem([file, ...args]: readonly string[]): string | undefined {
  if (file?.match(PLACEHOLDER)) return 'the program must not be named by what was seen';
  const unknown = args
    .flatMap(arg => [...arg.matchAll(PLACEHOLDER)])
    .find(([, name]) => !factNames.includes(name!));
  if (!unknown) return undefined;
  const meant = nearest(unknown[1]!, factNames);
  const hint = meant === undefined ? '' : `, did you mean {${meant}}`;
  return `there is no ${unknown[0]}${hint}? known are: ${factNames.map(name => `{${name}}`).join(' ')}`;
}

/** The words with what was seen in place of the placeholders: each stays one argument, whatever is put into it. */
export function fillTemplate(words: readonly string[], sighting: Sighting, process: ProcessInfo): string[] {
  return words.map(word => word.replace(PLACEHOLDER, (_, name: string) => factOf(name, sighting, process)));
}
