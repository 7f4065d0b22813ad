import type { Option } from '../config/option.js';
import { configOptions } from '../config/options.js';
import { allowed } from '../config/schema.js';

/** The keys that stand there without a comment mark. */
const GIVEN: Record<string, string> = { targets: "['192.168.1.1:53/udp']" };

/** Longest line of a comment. */
const WIDTH = 100;

/** A ptrap.config.ts that has every key, with what it means, from the table of options; all but the targets commented out. */
export function configText(): string {
  const rows = Object.entries(configOptions);
  const groups = [...new Set(rows.map(([, { group }]) => group))];
  return [
    "import type { Config } from 'ptrap';",
    '',
    '// ptrap takes this file from the folder that it is called in, or a folder above it: sudo ptrap watch',
    '// It runs as root: it must belong to you or to root, and nobody else may be able to write to it.',
    '// A flag of the command line wins over what is set here.',
    '',
    'const config: Config = {',
    ...groups.flatMap(name => [
      `  // ---- ${name} ----`,
      '',
      ...rows.filter(([, { group }]) => group === name).flatMap(([key, option]) => entry(key, option)),
    ]),
    '};',
    '',
    'export default config;',
    '',
  ].join('\n');
}

function entry(key: string, option: Option): string[] {
  const value = GIVEN[key];
  const setting = `${key}: ${value ?? sample(key, option)},`;
  return [
    ...comment(`${option.docs}${takes(option)}`),
    `  ${value === undefined ? '// ' : ''}${setting}`,
    '',
  ];
}

function takes(option: Option): string {
  return option.kind === 'choice' || option.kind === 'duration' || option.kind === 'integer'
    ? ` Takes ${allowed(option)}.`
    : '';
}

/** A value that this key can have: its default, else its example. */
function sample(key: string, { kind, default: byDefault, example = '' }: Option): string {
  if (kind === 'plugins') return "['process-tree', ['json-logger', { file: '/var/log/ptrap.ndjson' }]]";
  if (byDefault !== undefined) return literal(byDefault);
  const text = example.replace(/^"(.*)"$/, '$1');
  return kind === 'integer' ? text : literal(text);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function comment(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length < WIDTH) lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(line => `  // ${line}`);
}
