import { byName } from '../../../plugins/index.js';
import { commandNames, DEFAULT, offeredBy, spellings, textOf, type Offered } from './flags.js';

/** completions/_ptrap, for a folder of zsh's fpath. */
export function zshCompletion(): string {
  return `#compdef ptrap
# zsh completion of ptrap. Generated from src/cli and src/config/options.ts by npm run docs:gen.

${commandNames.map(argumentsOf).join('\n\n')}

_ptrap_plugins() {
  _alternative 'plugins:plugin:(${Object.keys(byName).join(' ')})' 'files:file:_files'
}

_ptrap() {
  local -a commands=(
${commandNames.map(name => `    ${quoted(`${name}:${textOf(name)}`)}`).join('\n')}
  )
  if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
${commandNames.map(name => `    ${name}) shift words; ((CURRENT--)); _ptrap_${name} ;;`).join('\n')}
    *) _ptrap_${DEFAULT} ;;
  esac
}

_ptrap "$@"
`;
}

function argumentsOf(name: (typeof commandNames)[number]): string {
  const lines = offeredBy(name).map(flag => `    ${specification(flag)}`);
  return [`_ptrap_${name}() {`, '  _arguments -s -S \\', `${lines.join(' \\\n')}`, '}'].join('\n');
}

function specification(flag: Offered): string {
  const { value, text } = flag;
  const repeats = value?.from === 'plugins or files';
  const tail = `[${text.replace(/[[\]\\:]/g, '\\$&')}]${value === undefined ? '' : `:${flag.flag}:${action(value)}`}`;
  const names = spellings(flag).map(name =>
    name.startsWith('--') && value !== undefined ? `${name}=` : name,
  );
  if (repeats) return names.map(name => quoted(`*${name}${tail}`)).join(' ');
  if (names.length === 1) return quoted(`${names[0]}${tail}`);
  return `${quoted(`(${spellings(flag).join(' ')})`)}{${names.join(',')}}${quoted(tail)}`;
}

function action(value: NonNullable<Offered['value']>): string {
  switch (value.from) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'plugins or files':
      return '_ptrap_plugins';
    case 'file':
      return '_files';
    case 'command':
      return '_cmdstring';
    case 'user':
      return '_users';
    case 'netns':
      return '($(ip netns list 2>/dev/null | cut -d " " -f 1))';
    case 'nowhere':
      return ' ';
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
