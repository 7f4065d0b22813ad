import type { z } from 'zod';
import { table } from './table.js';

type Schema = z.core.JSONSchema.JSONSchema;

/** docs/events.md: each event with its fields, from the JSON Schema of the event contract. */
export function eventsPage(schema: z.core.JSONSchema.BaseSchema): string {
  const events = branches(schema);
  return [
    '# Events',
    'Generated from `src/events.ts` by `npm run docs:gen`. JSON Schema: [event.schema.json](event.schema.json).',
    '`--output json` prints one of these objects a line, and plugins are given them. The contract is schema 1; it grows only by adding.',
    ...events.flatMap(event => [
      `## ${String(property(event, 'type')?.const)}`,
      table(['field', 'type', 'meaning'], fields(event, '')),
    ]),
  ].join('\n\n');
}

function branches(schema: Schema): Schema[] {
  return schema.oneOf ?? schema.anyOf ?? [];
}

function property(schema: Schema, name: string): Schema | undefined {
  return schema.properties?.[name] as Schema | undefined;
}

/** A row for each field, those of an object in an object with their path. */
function fields(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const field = value as Schema;
    const optional = schema.required?.includes(name) ? '' : '?';
    const row = [`\`${prefix}${name}${optional}\``, typeText(field), field.description ?? ''];
    return [row, ...nested(field, `${prefix}${name}`)];
  });
}

function nested(field: Schema, path: string): string[][] {
  if (field.properties) return fields(field, `${path}.`);
  if (field.items) return nested(field.items as Schema, `${path}[]`);
  return branches(field).flatMap(branch => nested(branch, path));
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map(value => `\`${JSON.stringify(value)}\``).join(', ');
  const kinds = branches(schema);
  if (kinds.length > 0) return [...new Set(kinds.map(typeText))].join(' or ');
  if (schema.items) return `array of ${typeText(schema.items as Schema)}`;
  return schema.type === undefined ? 'anything' : [schema.type].flat().join(' or ');
}
