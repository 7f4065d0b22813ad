import { byName } from '../../plugins/index.js';
import { commands, commonFlags, type CommandName } from '../../src/cli/commands.js';
import { examples, exitCodes, usage } from '../../src/cli/help.js';
import type { Row } from '../../src/cli/layout.js';
import type { Flag } from '../../src/config/option.js';
import { options } from '../../src/config/options.js';
import { ownPackage } from '../../src/sys/own-package.js';
import { bold, entry, escaped, italic, paragraph, section, subsection, verbatim } from './roff.js';

/** man/ptrap.1: commands, options, exit codes and examples, from the tables that the command line is read with. */
export function manPage(): string {
  const names = Object.keys(commands) as CommandName[];
  return [
    `.\\" Generated from src/cli and src/config/options.ts by npm run docs:gen.`,
    `.TH PTRAP 1 "" "ptrap ${ownPackage().version}" "User Commands"`,
    section('Name', 'ptrap \\- which process is sending packets to this address and port?'),
    section('Synopsis', ...synopsis(names)),
    section('Description', escaped(description), paragraph(escaped(options.targets.docs)), targets),
    section('Commands', ...names.map(name => entry(bold(`ptrap ${usage(name)}`), escaped(describe(name))))),
    section('Options', ...groupsOf([...commonFlags, ...commands.watch.flags])),
    ...names.filter(name => name !== 'watch').flatMap(ownOptions),
    section('Plugins', escaped(plugins), paragraph(Object.keys(byName).map(bold).join(', '))),
    section('Exit status', ...rows(exitCodes)),
    section('Files', ...rows(files)),
    section('Examples', ...examples.map(example)),
    section('See also', seeAlso),
  ]
    .join('\n')
    .concat('\n');
}

const description = `ptrap holds each matching packet back for as long as it takes to find the process that sent it, says who \
it is, and lets the packet go. Its firewall rules belong to a child process and vanish with it; qdiscs of yours are \
never touched. It needs root. Every error begins with its code, and names the cause and the way out.`;

const targets = paragraph(
  escaped(
    'Targets look like these: 192.168.1.1:53/udp, [2001:db8::1]:443/tcp, 10.0.0.0/8, example.org:443, ',
  ) + escaped(':25/tcp, 9.9.9.9/icmp.'),
);

const plugins = `Names that --plugin takes, and, with options, the plugins of a config file:`;

const files: Row[] = [
  {
    left: 'ptrap.config.ts',
    text: 'The config; .js, .mjs, .json, .yaml and .yml, too; here or in a folder above.',
  },
  { left: '~/.config/ptrap/config.ts', text: 'Where there is no other.' },
  { left: '/etc/ptrap/NAME.config.ts', text: 'What systemctl start ptrap@NAME runs.' },
  { left: '/run/ptrap', text: 'Records of what ptrap has changed, for ptrap cleanup to undo after a crash.' },
];

const seeAlso = ['nft(8)', 'tc-netem(8)', 'journalctl(1)', 'ss(8)']
  .map(page => page.replace(/^(.*)(\(\d\))$/, (_, name: string, number: string) => bold(name) + number))
  .join(', ');

function synopsis(names: readonly CommandName[]): string[] {
  const lines = ['ptrap [target..] [options]', ...names.map(name => `ptrap ${usage(name)} [options]`)];
  return ['.nf', ...lines.map(bold), '.fi'];
}

function describe(name: CommandName): string {
  return `${commands[name].describe}.`;
}

function groupsOf(flags: readonly Flag[]): string[] {
  const groups = [...new Set(flags.map(({ group }) => group))];
  return groups.map(name => subsection(name, ...flags.filter(({ group }) => group === name).map(flagEntry)));
}

function ownOptions(name: CommandName): string[] {
  const { flags } = commands[name];
  return flags.length === 0 ? [] : [section(`Options of ptrap ${name}`, ...flags.map(flagEntry))];
}

function flagEntry(flag: Flag): string {
  const value =
    flag.kind === 'boolean' ? '' : ` ${italic(flag.kind === 'choice' ? flag.choices.join('|') : flag.kind)}`;
  const spellings = [...(flag.alias === undefined ? [] : [`-${flag.alias}`]), `--${flag.flag}`];
  const { default: preset } = flag;
  const byDefault = typeof preset === 'string' || typeof preset === 'number' ? ` Default: ${preset}.` : '';
  return entry(spellings.map(bold).join(', ') + value, escaped(flag.docs + byDefault));
}

const rows = (table: readonly Row[]): string[] =>
  table.map(({ left, text }) => entry(bold(left), escaped(text)));

const example = ({ left, text }: Row): string => `${paragraph(escaped(text))}\n${verbatim([left])}`;
