import type { Option } from '../../src/config/option.js';
import { cliOptions, options } from '../../src/config/options.js';
import { allowed } from '../../src/config/schema.js';
import { examples, exitCodes } from '../../src/cli/help.js';
import { table as columns } from '../../src/cli/layout.js';
import { table } from './table.js';

/** docs/options.md: every option, by group, from the table of options. */
export function optionsPage(): string {
  const rows: [string, Option][] = [...Object.entries(options), ...Object.entries(cliOptions)];
  const groups = [...new Set(rows.map(([, { group }]) => group))];
  return [
    '# Options',
    'Generated from `src/config/options.ts` by `npm run docs:gen`.',
    'A flag wins over the config file, the config file over the default; a list given by a flag replaces the one in the file.',
    ...groups.flatMap(group => [
      `## ${group}`,
      table(
        ['flag', 'config key', 'takes', 'default', 'meaning'],
        rows.filter(([, option]) => option.group === group).map(([key, option]) => cells(key, option)),
      ),
    ]),
    '## Examples',
    examples.map(({ left: command, text: what }) => `- \`${command}\`: ${what}`).join('\n'),
    '## Config file',
    configText,
    '## Exit codes',
    `\`\`\`text\n${columns('', exitCodes, 110).slice(1).join('\n')}\n\`\`\``,
  ].join('\n\n');
}

function cells(key: string, option: Option): string[] {
  return [
    spelling(option),
    option.cliOnly ? '' : `\`${key}\``,
    option.kind === 'boolean' ? '' : takes(option),
    option.default === undefined ? '' : `\`${JSON.stringify(option.default)}\``,
    option.docs,
  ];
}

function spelling({ flag, alias, positional }: Option): string {
  if (positional) return `\`${flag}…\``;
  return `${alias === undefined ? '' : `\`-${alias}\`, `}\`--${flag}\``;
}

function takes(option: Option): string {
  const example = option.example === undefined ? '' : `, such as \`${option.example}\``;
  if (option.kind === 'text') return `text${example}`;
  return allowed(option);
}

const configText = `ptrap takes the first of \`ptrap.config.ts\`, \`.js\`, \`.mjs\`, \`.json\`, \`.yaml\`, \`.yml\` and a \`ptrap\` key in \`package.json\`
that it finds in the working directory or a folder above it, else \`config.ts\`, \`config.json\` and so on in
\`~/.config/ptrap\`. \`--config FILE\` names one, \`--no-config\` takes none. [ptrap.config.example.ts](../ptrap.config.example.ts)
shows the keys, [config.schema.json](config.schema.json) is their JSON Schema (a \`$schema\` key is allowed).

A TypeScript or JavaScript config exports an object as its default. \`ptrap\` and \`ptrap/plugins\` can be imported from it
wherever it lies. Paths of plugins are relative to the file; those of \`--plugin\` to the working directory.

A config is code that runs as root, and so are plugins. ptrap loads one only when the file and every folder and
symbolic link on the way to it belong to root or to you (the user who called \`sudo\`), and nobody else may write to
them. A sticky folder of root's, such as \`/tmp\`, is no obstacle: there others cannot replace what is yours.`;
