import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, getFileInfo, resolveConfig } from 'prettier';
import { z } from 'zod';
import { configSchema } from '../src/config/schema.js';
import { report } from '../src/doctor/report.js';
import { event } from '../src/events.js';
import { bashCompletion } from './docs/completions/bash.js';
import { fishCompletion } from './docs/completions/fish.js';
import { zshCompletion } from './docs/completions/zsh.js';
import { coveragePage } from './docs/coverage.js';
import type { Outcome } from '../test/kills/outcome.js';
import { endingsPage } from './docs/endings.js';
import { eventsPage } from './docs/events.js';
import { hooksPage } from './docs/hooks.js';
import { journalPage } from './docs/journal.js';
import { manPage } from './docs/man.js';
import { optionsPage } from './docs/options.js';
import { privilegesPage, type PrivilegeResults } from './docs/privileges.js';
import { qdiscsPage, type QdiscResults } from './docs/qdiscs.js';

// Generates what docs/ says about options, hooks and events, the man page and the completions of shells from the code;
// with --check it only compares.

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

const schemaText = (schema: z.ZodType, title: string) =>
  JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) });

const pages: Record<string, string> = {
  'docs/options.md': optionsPage(),
  'docs/hooks.md': hooksPage(await readFile(path('src/hooks.ts'), 'utf8')),
  'docs/qdiscs.md': qdiscsPage(
    JSON.parse(await readFile(path('scripts/docs/qdiscs.json'), 'utf8')) as QdiscResults,
  ),
  'docs/privileges.md': privilegesPage(
    JSON.parse(await readFile(path('scripts/docs/privileges.json'), 'utf8')) as PrivilegeResults,
  ),
  'docs/coverage.md': coveragePage(),
  'docs/endings.md': endingsPage(
    JSON.parse(await readFile(path('scripts/docs/endings.json'), 'utf8')) as Outcome[],
  ),
  'docs/journal.md': journalPage(),
  'docs/events.md': eventsPage(z.toJSONSchema(event, { io: 'input' })),
  'docs/config.schema.json': schemaText(configSchema, 'ptrap config'),
  'docs/doctor.schema.json': schemaText(report, 'what ptrap doctor --json prints'),
  'docs/event.schema.json': schemaText(event, 'ptrap event, one line of --output json'),
  'man/ptrap.1': manPage(),
  'completions/ptrap.bash': bashCompletion(),
  'completions/_ptrap': zshCompletion(),
  'completions/ptrap.fish': fishCompletion(),
};

const style = await resolveConfig(path('package.json'));
const drifted: string[] = [];
for (const [name, text] of Object.entries(pages)) {
  const { inferredParser } = await getFileInfo(name);
  const wanted = inferredParser === null ? text : await format(text, { ...style, filepath: name });
  const found = await readFile(path(name), 'utf8').catch(() => '');
  if (found !== wanted) drifted.push(name);
  if (!process.argv.includes('--check')) await writeFile(path(name), wanted);
}

if (process.argv.includes('--check') && drifted.length > 0) {
  console.error(`not as generated: ${drifted.join(', ')}; run: npm run docs:gen`);
  process.exitCode = 1;
}
