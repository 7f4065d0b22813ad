import { commandNames, DEFAULT, offeredBy, textOf, type Offered } from './flags.js';

/** completions/ptrap.fish, for a folder of fish's fish_complete_path. */
export function fishCompletion(): string {
  const others = commandNames.filter(name => name !== DEFAULT);
  const condition = (name: string) =>
    name === DEFAULT
      ? `not __fish_seen_subcommand_from ${others.join(' ')}`
      : `__fish_seen_subcommand_from ${name}`;
  return [
    '# fish completion of ptrap. Generated from src/cli and src/config/options.ts by npm run docs:gen.',
    '',
    'complete -c ptrap -f',
    ...commandNames.map(
      name => `complete -c ptrap -n __fish_use_subcommand -a ${name} -d ${quoted(textOf(name))}`,
    ),
    ...commandNames.flatMap(name => [
      '',
      ...offeredBy(name).map(
        flag => `complete -c ptrap -n ${quoted(condition(name))} ${specification(flag)}`,
      ),
    ]),
    '',
  ].join('\n');
}

function specification({ flag, alias, text, value }: Offered): string {
  const names = `-l ${flag}${alias === undefined ? '' : ` -s ${alias}`}`;
  return [names, ...action(value), `-d ${quoted(text)}`].join(' ');
}

function action(value: Offered['value']): string[] {
  switch (value?.from) {
    case 'words':
      return [`-x -a ${quoted(value.words.join(' '))}`];
    case 'plugins or files':
      return [`-r -F -a ${quoted(value.words.join(' '))}`];
    case 'file':
      return ['-r -F'];
    case 'command':
      return [`-x -a '(__fish_complete_command)'`];
    case 'user':
      return [`-x -a '(__fish_complete_users)'`];
    case 'netns':
      return [`-x -a '(ip netns list 2>/dev/null | string replace -r " .*" "")'`];
    case 'nowhere':
      return ['-x'];
    default:
      return [];
  }
}

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
